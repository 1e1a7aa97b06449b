#include "gateway/server.h"

#include "gateway/crl_archive.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds drain_poll{20};
constexpr std::chrono::seconds ladder_interval{1};

std::chrono::sys_seconds now_seconds() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

double milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

/// Owns one listening socket.
class Server::ListeningSocket {
  public:
    explicit ListeningSocket(const ListenerSettings& settings) {
        const tcp::endpoint endpoint(asio::ip::make_address(settings.address.host), settings.address.port);
        descriptor_ = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int on = 1;
        if (descriptor_ >= 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (descriptor_ < 0 ||
            ::bind(descriptor_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
            ::listen(descriptor_, SOMAXCONN) != 0) {
            const std::string reason = std::strerror(errno);
            if (descriptor_ >= 0) ::close(descriptor_);
            throw std::runtime_error("listener '" + settings.name + "': cannot listen on " +
                                     settings.address.host + " port " +
                                     std::to_string(settings.address.port) + ": " + reason);
        }
    }
    ListeningSocket(ListeningSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket() { close(); }

    int descriptor() const { return descriptor_; }
    void close() {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }

  private:
    int descriptor_ = -1;
};

Server::Server(LoadedSnapshot first)
    : log_(first.snapshot->settings.log), signals_(control_, SIGTERM, SIGINT, SIGHUP), files_(control_) {
    const auto snapshot = first.snapshot;
    const Settings& settings = snapshot->settings;
    listeners_.reserve(settings.listeners.size());  // workers keep references
    for (const ListenerSettings& listener : settings.listeners) {
        sockets_.emplace_back(listener);
        listeners_.push_back({listener.name, listeners_.size(), sockets_.back().descriptor(),
                              metrics_.connections(listener.name)});
    }
    report_reload_faults(first.alarms, "start");
    publish(std::move(first), Clock::now());
    for (unsigned i = 0; i < settings.workers; ++i)
        workers_.push_back(std::make_unique<Worker>(shared_, listeners_));
    admin_ = std::make_unique<Admin>(settings.admin, shared_);
}

Server::~Server() = default;

void Server::run() {
    watch_what_is_used();
    asio::co_spawn(control_, watch_files(), asio::detached);
    asio::co_spawn(control_, watch_signals(), asio::detached);
    asio::co_spawn(control_, watch_clock(), asio::detached);
    // Signals are for this thread: the others inherit the mask.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    running_workers_ = workers_.size();
    for (const auto& worker : workers_) {
        threads_.emplace_back([this, &worker = *worker] {
            worker.run();
            --running_workers_;
        });
    }
    admin_->start();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    log_.event(Log::Level::info, "ready",
               {{"version", SALLYPORT_VERSION}, {"generation", snapshots_.generation()}});

    control_.run();  // until the workers are through with a drain
    for (std::thread& thread : threads_)
        thread.join();
    admin_->stop();
    log_.event(Log::Level::info, "stopped", {});
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
        } else if (!draining_) {
            start_drain();
        } else {
            for (const auto& worker : workers_)
                worker->drain(std::chrono::milliseconds(0));
        }
    }
}

void Server::start_drain() {
    draining_ = true;
    log_.event(Log::Level::info, "draining", {{"connections", shared_.connections.load()}});
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
        timer.expires_after(ladder_interval);
        const auto [error] = co_await timer.async_wait(tuple_awaitable);
        if (error) co_return;
        ladder_.update(*snapshots_.current(), now_seconds());
    }
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
    log_.event(Log::Level::error, "watch_failed",
               {{"detail", "changed files are not noticed any more; use SIGHUP"}});
}

void Server::watch_what_is_used() {
    const auto snapshot = snapshots_.current();
    const Settings& settings = snapshot->settings;
    std::vector<std::filesystem::path> paths{settings.file};
    for (const auto* files : {&settings.trust, &settings.intermediates, &settings.crl_sources}) {
        paths.insert(paths.end(), files->begin(), files->end());
    }
    if (!settings.state.empty()) paths.push_back(CrlArchive(settings.state).accepted_folder());
    for (const ListenerSettings& listener : settings.listeners) {
        paths.push_back(listener.chain);
        paths.push_back(listener.key);
    }
    files_.watch(paths);
}

std::vector<std::string> Server::restart_only_changes(const Settings& fresh) const {
    const auto snapshot = snapshots_.current();
    const Settings& running = snapshot->settings;
    std::vector<std::string> changes;
    if (fresh.workers != running.workers) changes.emplace_back("workers");
    if (fresh.admin != running.admin) changes.emplace_back("admin.address");
    if (fresh.log.access != running.log.access || fresh.log.events != running.log.events ||
        fresh.log.level != running.log.level) {
        changes.emplace_back("log");
    }
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
        log_.event(Log::Level::error, "reload",
                   {{"result", "failed"},
                    {"trigger", trigger},
                    {"generation", snapshots_.generation()},
                    {"detail", fault}});
    }
}

void Server::reload(std::string_view trigger) {
    const auto noticed = Clock::now();
    const auto previous = snapshots_.current();
    const auto failed = [&](const std::vector<std::string>& faults) {
        metrics_.reloaded(false);
        report_reload_faults(faults, trigger);
    };
    auto settings = load_settings(previous->settings.file);
    if (!settings) return failed(settings.error().lines);
    if (const auto changes = restart_only_changes(*settings); !changes.empty()) {
        std::string names;
        for (const auto& change : changes)
            names += (names.empty() ? "" : ", ") + change;
        return failed(
            {"changed, but only read at a start: " + names + "; nothing of this reload is in force"});
    }
    LoadedSnapshot loaded = build_snapshot(std::move(*settings), previous.get(), now_seconds());
    const bool nothing_new = !loaded.alarms.empty() && !loaded.brings_new_crl();
    if (!loaded.snapshot || nothing_new) {
        metrics_.crl_outcomes(loaded.crls);
        failed(loaded.faults);
        return failed(loaded.alarms);
    }
    // A bad file must not keep out what a good one revokes: the rest is published, and the alarm stays on.
    const std::vector<std::string> alarms = loaded.alarms;
    log_.event(Log::Level::info, "reload",
               {{"result", alarms.empty() ? "ok" : "partly"},
                {"trigger", trigger},
                {"generation", loaded.snapshot->generation},
                {"load_ms", milliseconds_since(noticed)}});
    publish(std::move(loaded), noticed);
    if (!alarms.empty()) failed(alarms);
    watch_what_is_used();
}

void Server::remember(const LoadedSnapshot& loaded, const Settings& settings) {
    if (settings.state.empty()) return;
    const CrlArchive archive(settings.state);
    const auto accepted = archive.accepted();
    for (const FreshCrl& crl : loaded.fresh) {
        if (accepted.contains(crl.facts.sha256)) {
            log_.event(Log::Level::warning, "crl_shrink_accepted",
                       {{"issuer", crl.facts.issuer_name},
                        {"number", crl.facts.number},
                        {"sha256", crl.facts.sha256}});
        }
        const auto kept = archive.keep(crl.facts, crl.der);
        if (!kept)
            log_.event(Log::Level::error, "state", {{"result", "failed"}, {"detail", kept.error().message}});
    }
}

void Server::publish(LoadedSnapshot loaded, Clock::time_point noticed) {
    const auto next = loaded.snapshot;
    const std::uint64_t generation = next->generation;
    metrics_.crl_outcomes(loaded.crls);
    metrics_.published(*next);
    metrics_.reloaded(true);
    ladder_.update(*next, now_seconds());
    snapshots_.publish(next);

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
            metrics_.revocation_enforced(Clock::now() - noticed);
            log_.event(Log::Level::info, "enforced",
                       {{"generation", generation},
                        {"connections_cut", progress->cut.load()},
                        {"after_ms", milliseconds_since(noticed)}});
        });
    }
    remember(loaded, next->settings);
}

}  // namespace sallyport::gateway
