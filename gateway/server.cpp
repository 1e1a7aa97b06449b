#include "gateway/server.h"

#include "gateway/wall_clock.h"
#include "gateway/watched_paths.h"

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds drain_poll{20};
constexpr std::chrono::milliseconds ladder_interval{1'000};
/// Twice that of the workers: each has turned in between.
constexpr std::chrono::milliseconds least_feeding_interval{200};
constexpr std::chrono::seconds look_interval{10};
constexpr std::chrono::seconds first_retry{1};
constexpr std::chrono::seconds last_retry{60};
constexpr std::string_view retry_trigger = "retry";

double milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// About 650 KiB for each limiter.
constexpr std::size_t limited_addresses = 16'381;

std::uint64_t random_seed() {
    std::random_device source;
    return static_cast<std::uint64_t>(source()) << 32U | source();
}

/// Two descriptors for each connection, its own and one to the store; the rest is for files, so that
/// strangers who hold connections cannot keep a CRL from being read.
std::uint64_t connections_that_fit() {
    constexpr rlim_t reserved = 48;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur > reserved + 2 ? (limit.rlim_cur - reserved) / 2 : 1;
}

}  // namespace

Server::Server(LoadedSnapshot first)
    : log_(first.snapshot->settings.log, &metrics_),
      handshakes_by_address_(limited_addresses, random_seed()),
      failures_by_address_(limited_addresses, random_seed()),
      signals_(control_, SIGTERM, SIGINT, SIGHUP),
      files_(control_) {
    signals_.add(SIGUSR1);
    const std::string file = first.snapshot->settings.file.string();
    log_.audited(Log::Level::info, "start", {{"version", SALLYPORT_VERSION}, {"configuration", file}});
    try {
        begin(std::move(first));
    } catch (const std::exception& error) {
        log_.audited(Log::Level::error, "start_failed", {{"detail", error.what()}});
        throw;
    }
}

void Server::begin(LoadedSnapshot first) {
    const auto snapshot = first.snapshot;
    const Settings& settings = snapshot->settings;
    shared_.max_connections = connections_that_fit();
    open_ports(settings);
    const std::vector<std::string> alarms = first.alarms;
    report_warnings(first.warnings);
    publish(std::move(first), Clock::now());
    if (!alarms.empty()) {
        reload_failed(alarms, "start");
        retry_after_ = first_retry;
    }
    keeper_.restore();
    for (unsigned i = 0; i < settings.workers; ++i)
        workers_.push_back(std::make_unique<Worker>(shared_, listeners_, ports_));
    admin_ = std::make_unique<Admin>(settings.admin.address, shared_);
}

Server::~Server() = default;

void Server::open_ports(const Settings& settings) {
    auto inherited = InheritedSockets::of_environment();
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        const ListenerSettings& listener = settings.listeners[i];
        listeners_.push_back({listener.name, i, metrics_.connections(listener.name)});
        const auto shares = [&](const Port& port) {
            return settings.listeners[port.listeners.front()].address == listener.address;
        };
        const auto port = std::ranges::find_if(ports_, shares);
        if (port != ports_.end()) {
            port->listeners.push_back(i);
            continue;
        }
        sockets_.emplace_back(listener, inherited);
        ports_.push_back({sockets_.back().descriptor(), {i}});
    }
    // Nobody would ever accept who connects to it.
    for (const std::string& address : inherited.not_taken())
        throw std::runtime_error("socket activation: no listener has the address " + address +
                                 ": make the socket unit and 'listeners' agree");
}

void Server::run() {
    const auto first = snapshots_.current();
    files_.watch(watched_paths(first->settings), first->settings.crl_sources);
    seen_files_ = fingerprint(watched_paths(first->settings));
    // What was published between reading and watching.
    LoadedSnapshot missed = refresh_revocation(*first, now_seconds());
    if (missed.snapshot && missed.brings_new_crl()) publish(std::move(missed), Clock::now());

    const auto ended = [this](std::exception_ptr failure) { watch_ended(failure); };
    asio::co_spawn(control_, watch_files(), ended);
    asio::co_spawn(control_, watch_signals(), ended);
    asio::co_spawn(control_, watch_clock(), ended);
    // Signals are for this thread: the others inherit the mask.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    shared_.enforced_generation = snapshots_.generation();  // there are no connections yet
    running_workers_ = workers_.size();
    for (const auto& worker : workers_) {
        threads_.emplace_back([this, &worker = *worker] {
            worker.run();
            --running_workers_;
        });
    }
    store_watch_.start();
    keeper_.start();
    admin_->start();
    ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
    log_.event(Log::Level::info, "ready",
               {{"version", SALLYPORT_VERSION}, {"generation", snapshots_.generation()}});
    supervisor_.ready(service_status());

    control_.run();  // until the workers are through with a drain
    // The logs are still to be written, which takes a bounded time (but for a disk that hangs): no signal
    // ends us before that.
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (std::thread& thread : threads_)
        thread.join();
    store_watch_.stop();
    keeper_.stop();
    admin_->stop();
    log_.audited(Log::Level::info, "stopped", {});
}

// GCC 12 miscompiles some co_awaits within larger expressions and lists of temporaries within coroutines:
// here and elsewhere an await is a statement or an initialiser of its own, and events are logged by ordinary
// functions.

asio::awaitable<void> Server::watch_signals() {
    for (;;) {
        const auto [error, signal] = co_await signals_.async_wait(tuple_awaitable);
        if (error) co_return;
        if (signal == SIGHUP) {
            reload("SIGHUP");
        } else if (signal == SIGUSR1) {
            log_.reopen();
        } else if (!draining_) {
            start_drain();
        } else {
            for (const auto& worker : workers_)
                worker->drain(std::chrono::milliseconds(0));
        }
    }
}

void Server::start_drain() {
    if (std::exchange(draining_, true)) return;
    log_.audited(Log::Level::info, "draining", {{"connections", shared_.connections.load()}});
    supervisor_.stopping();
    admin_->set_draining();
    for (ListeningSocket& socket : sockets_)
        socket.close();
    for (const auto& worker : workers_)
        worker->drain(snapshots_.current()->settings.limits.drain);
    asio::co_spawn(control_, wait_for_workers(), asio::detached);
}

asio::awaitable<void> Server::wait_for_workers() {
    asio::steady_timer poll(control_);
    while (running_workers_.load() > 0) {
        poll.expires_after(drain_poll);
        co_await poll.async_wait(tuple_awaitable);
    }
    control_.stop();
}

/// CRLs age without anybody touching a file. (Workers look at the clock for their own connections.)
asio::awaitable<void> Server::watch_clock() {
    asio::steady_timer timer(control_);
    for (;;) {
        timer.expires_after(supervisor_.interval(least_feeding_interval, ladder_interval));
        const auto [error] = co_await timer.async_wait(tuple_awaitable);
        if (error) co_return;
        watchdog_.feed();
        const auto snapshot = snapshots_.current();
        ladder_.update(*snapshot, now_seconds());
        const auto now = Clock::now();
        if (retry_after_ > std::chrono::seconds(0) && now >= retry_at_) {
            reload(retry_trigger);
        } else if (now >= next_look_) {
            next_look_ = now + look_interval;
            archive_.retry(*snapshot);
            look_at_files(*snapshot);
        }
    }
}

std::string Server::service_status() const {
    const std::string generation = "generation " + std::to_string(snapshots_.generation()) + " in force";
    return last_faults_.empty() ? generation : generation + "; a reload failed: " + last_faults_.front();
}

/// The safety net under inotify, which some file systems and ways of swapping folders escape.
void Server::look_at_files(const Snapshot& snapshot) {
    if (fingerprint(watched_paths(snapshot.settings)) != seen_files_) reload("look");
}

/// Without its watchers the gateway would serve on and never hear of a revocation: better a restart.
void Server::watch_ended(std::exception_ptr failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        log_.audited(Log::Level::error, "internal_error", {{"detail", error.what()}});
    }
    start_drain();
}

asio::awaitable<void> Server::watch_files() {
    for (;;) {
        const bool changed = co_await files_.changed();
        if (!changed) break;
        reload("file");
    }
    report_watch_failed();
}

void Server::report_watch_failed() {
    log_.audited(Log::Level::error, "watch_failed",
                 {{"detail", "changed files are not noticed any more; use SIGHUP"}});
}

std::vector<std::string> Server::restart_only_changes(const Settings& fresh) const {
    const auto snapshot = snapshots_.current();
    const Settings& running = snapshot->settings;
    std::vector<std::string> changes;
    if (fresh.workers != running.workers) changes.emplace_back("workers");
    if (fresh.admin.address != running.admin.address) changes.emplace_back("admin.address");
    if (!fresh.log.same_as(running.log)) changes.emplace_back("log");
    bool listeners = fresh.listeners.size() != running.listeners.size();
    for (std::size_t i = 0; !listeners && i < fresh.listeners.size(); ++i) {
        listeners = fresh.listeners[i].name != running.listeners[i].name ||
                    fresh.listeners[i].address != running.listeners[i].address;
    }
    if (listeners) changes.emplace_back("listeners (name, address, number or order)");
    return changes;
}

void Server::report_reload_faults(const std::vector<std::string>& faults, std::string_view trigger) {
    for (const std::string& fault : faults) {
        log_.audited(Log::Level::error, "reload",
                     {{"result", "failed"},
                      {"trigger", trigger},
                      {"generation", snapshots_.generation()},
                      {"detail", fault}});
    }
}

void Server::reload(std::string_view trigger) {
    bool done = false;
    supervisor_.reloading();
    log_.reopen();
    try {
        done = try_reload(trigger);
    } catch (const std::exception& error) {
        reload_failed({error.what()}, trigger);
    }
    retry_after_ = done ? std::chrono::seconds(0) : std::clamp(retry_after_ * 2, first_retry, last_retry);
    retry_at_ = Clock::now() + retry_after_;
    supervisor_.ready(service_status());
}

void Server::reload_failed(const std::vector<std::string>& faults, std::string_view trigger) {
    metrics_.reloaded(false);
    if (trigger == retry_trigger && faults == last_faults_) return;  // said already
    report_reload_faults(faults, trigger);
    last_faults_ = faults;
}

bool Server::try_reload(std::string_view trigger) {
    const auto noticed = Clock::now();
    const auto previous = snapshots_.current();
    auto settings = load_settings(previous->settings.file);
    // Watched before it is read: what changes while it is read must be noticed.
    auto paths = watched_paths(previous->settings);
    auto urgent = previous->settings.crl_sources;
    if (settings) {
        const auto fresh = watched_paths(*settings);
        paths.insert(paths.end(), fresh.begin(), fresh.end());
        urgent.insert(urgent.end(), settings->crl_sources.begin(), settings->crl_sources.end());
    }
    files_.watch(paths, urgent);
    seen_files_ = fingerprint(settings ? watched_paths(*settings) : watched_paths(previous->settings));

    LoadedSnapshot loaded;
    if (!settings) {
        loaded.faults = settings.error().lines;
    } else if (const auto changes = restart_only_changes(*settings); !changes.empty()) {
        std::string names;
        for (const auto& change : changes)
            names += (names.empty() ? "" : ", ") + change;
        loaded.faults.push_back("changed, but only read at a start: " + names);
    } else {
        loaded = build_snapshot(std::move(*settings), previous.get(), now_seconds());
    }
    if (loaded.snapshot && (loaded.alarms.empty() || loaded.differs_from(*previous))) {
        // A bad CRL must not keep out what a good one revokes, nor a change of trust or policy: the rest is
        // published, and the alarm stays on.
        const std::vector<std::string> alarms = loaded.alarms;
        report_reload(*loaded.snapshot, alarms.empty() ? "ok" : "partly", trigger, noticed);
        report_warnings(loaded.warnings);
        publish(std::move(loaded), noticed);
        if (!alarms.empty()) reload_failed(alarms, trigger);
        if (alarms.empty()) last_faults_.clear();
        return alarms.empty();
    }

    std::vector<std::string> faults = loaded.faults;
    faults.insert(faults.end(), loaded.alarms.begin(), loaded.alarms.end());
    crl_report_.offered(loaded.crls);
    // Whatever is wrong with the rest: what the CRLs revoke takes effect.
    LoadedSnapshot revocation = refresh_revocation(*previous, now_seconds());
    if (!loaded.faults.empty() && revocation.snapshot && revocation.brings_new_crl()) {
        report_reload(*revocation.snapshot, "revocation_only", trigger, noticed);
        publish(std::move(revocation), noticed);
    }
    reload_failed(faults, trigger);
    return false;
}

void Server::report_reload(const Snapshot& snapshot, std::string_view result, std::string_view trigger,
                           Clock::time_point noticed) {
    log_.audited(Log::Level::info, "reload",
                 {{"result", result},
                  {"trigger", trigger},
                  {"generation", snapshot.generation},
                  {"load_ms", milliseconds_since(noticed)}});
}

void Server::report_warnings(const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings)
        log_.event(Log::Level::warning, "warning", {{"detail", warning}});
}

void Server::publish(LoadedSnapshot loaded, Clock::time_point noticed) {
    const auto next = loaded.snapshot;
    const std::uint64_t generation = next->generation;
    crl_report_.offered(loaded.crls);
    metrics_.published(*next, now_seconds());
    metrics_.reloaded(true);
    ladder_.update(*next, now_seconds());
    snapshots_.publish(next);
    store_watch_.follow(next->upstream);

    struct Progress {
        std::atomic<std::size_t> waiting;
        std::atomic<std::size_t> cut{0};
    };
    const auto progress = std::make_shared<Progress>();
    progress->waiting = workers_.size();
    for (const auto& worker : workers_) {
        worker->reconsider([this, progress, noticed, generation](std::size_t cut) {
            progress->cut += cut;
            if (--progress->waiting > 0) return;
            shared_.enforced_generation = generation;
            metrics_.revocation_enforced(Clock::now() - noticed);
            log_.audited(Log::Level::info, "enforced",
                         {{"generation", generation},
                          {"connections_cut", progress->cut.load()},
                          {"after_ms", milliseconds_since(noticed)}});
        });
    }
    archive_.remember(std::move(loaded.fresh), *next);
}

}  // namespace sallyport::gateway
