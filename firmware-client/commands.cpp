#include "firmware-client/commands.h"

#include "firmware-client/connector.h"
#include "firmware-client/console.h"
#include "firmware-client/device.h"
#include "firmware-client/device_sync.h"
#include "firmware-client/run_loop.h"
#include "firmware-client/status.h"
#include "s3/credentials.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <random>

#include <sys/signalfd.h>

namespace sallyport::device {
namespace {

std::chrono::sys_seconds wall_clock() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

int exit_code(Fault fault) {
    switch (fault) {
        case Fault::refused:
            return 1;
        case Fault::configuration:
            return 2;
        case Fault::network:
        case Fault::store:
        case Fault::card:
            return 3;
        case Fault::stopped:
            return 0;
    }
    return 3;
}

/// A refusal is an answer and belongs to the output; anything else is an error.
int report_failure(const Error& error) {
    if (error.fault == Fault::refused) {
        std::printf("refused: %s\n", error.message.c_str());
        std::fflush(stdout);
    } else if (error.fault != Fault::stopped) {
        std::fprintf(stderr, "error: %s\n", error.message.c_str());
    }
    return exit_code(error.fault);
}

/// A device at work: the parts refer to each other, so they stay where they were made.
struct PoweredOn {
    PoweredOn(Device loaded, Descriptor lock, StopDescriptor stop_descriptor)
        : device(std::move(loaded)), card_lock(std::move(lock)), stop(stop_descriptor) {}
    PoweredOn(const PoweredOn&) = delete;
    PoweredOn& operator=(const PoweredOn&) = delete;

    Device device;
    Descriptor card_lock;
    StopDescriptor stop;
    std::string device_file;
    ConsoleReport report;
    std::unique_ptr<TlsClient> tls;
    std::optional<ServerConnector> connector;
    std::optional<StoreClient> store;
    std::optional<DeviceSync> sync;
};

Result<std::unique_ptr<PoweredOn>> power_on(const CommandOptions& options, StopDescriptor stop) {
    auto device = load_device(options.card, options.id);
    if (!device) return device.error();
    auto lock = lock_card(device->card);
    if (!lock) return lock.error();
    auto on = std::make_unique<PoweredOn>(std::move(*device), std::move(*lock), stop);
    if (auto ensured = ensure_device_key(on->device); !ensured) return ensured.error();
    auto file = write_device_file(on->device);
    if (!file) return file.error();
    on->device_file = std::move(*file);
    const ServerSettings& server = on->device.settings.server;
    if (server.tls) {
        auto tls = TlsClient::create(server.connect_host(), on->device.trusted,
                                     on->device.identity ? &*on->device.identity : nullptr,
                                     options.modern ? TlsVersions::modern : TlsVersions::device);
        if (!tls) return tls.error();
        on->tls = std::move(*tls);
    }
    on->connector.emplace(server, on->tls.get(), stop, options.cipher_group);
    on->store.emplace(server, *on->connector, wall_clock);
    on->sync.emplace(on->device, *on->store, wall_clock, on->report);
    return on;
}

Result<bool> perform(PoweredOn& on, Task task) {
    const auto finished = [](const Result<void>& done) {
        return done ? Result<bool>{false} : Result<bool>{done.error()};
    };
    switch (task) {
        case Task::config_check:
            return finished(on.sync->check_config());
        case Task::schema:
            return finished(on.sync->put_schema());
        case Task::heartbeat:
            return finished(on.sync->put_device_file(on.device_file));
        case Task::log_upload:
            return on.sync->put_next_log();
    }
    return false;
}

class CardTasks final : public TaskRunner {
  public:
    explicit CardTasks(PoweredOn& on) : on_(on) {}
    Result<bool> perform(Task task) override { return device::perform(on_, task); }

  private:
    PoweredOn& on_;
};

class RealEnvironment final : public RunEnvironment {
  public:
    explicit RealEnvironment(PoweredOn& on) : on_(on) {}

    SteadyTime now() override { return std::chrono::steady_clock::now(); }
    bool wait_until(SteadyTime until) override { return !wait_for_stop(on_.stop, until); }
    double random() override { return std::uniform_real_distribution<double>{0, 1}(engine_); }

    void failed(Task, const Error& error, std::chrono::milliseconds wait) override {
        on_.report.clear_bar();
        // The same refusal again and again is one event; once per hour is enough for a log.
        constexpr std::chrono::hours repeat_period{1};
        if (error.fault == Fault::refused) {
            if (error.message == last_refusal_ && now() - refusal_printed_ < repeat_period) return;
            last_refusal_ = error.message;
            refusal_printed_ = now();
        }
        report_failure(error);
        std::fprintf(stderr, "next attempt in %lld s\n",
                     static_cast<long long>(std::chrono::ceil<std::chrono::seconds>(wait).count()));
    }

    void idle() override { on_.store->close(); }

  private:
    PoweredOn& on_;
    std::mt19937 engine_{std::random_device{}()};
    std::string last_refusal_;
    SteadyTime refusal_printed_{};
};

/// Turns SIGTERM and SIGINT into a readable descriptor.
Result<Descriptor> catch_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) == 0) {
        Descriptor descriptor{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
        if (descriptor) return descriptor;
    }
    return Error{Fault::card, std::string{"cannot wait for signals: "} + std::strerror(errno)};
}

}  // namespace

int run_once(const CommandOptions& options) {
    auto on = power_on(options, {});
    if (!on) return report_failure(on.error());
    const SyncPeriods& sync = (*on)->device.settings.sync;
    const std::pair<Task, bool> steps[] = {{Task::config_check, sync.ota.count() > 0},
                                           {Task::schema, sync.ota.count() > 0},
                                           {Task::heartbeat, sync.heartbeat.count() > 0},
                                           {Task::log_upload, sync.logfiles}};
    for (const auto& [task, wanted] : steps) {
        for (bool more = wanted; more;) {
            const auto done = perform(**on, task);
            if (!done) {
                (*on)->report.clear_bar();
                return report_failure(done.error());
            }
            more = *done;
        }
    }
    return 0;
}

int run_forever(const CommandOptions& options) {
    const auto stop = catch_stop_signals();
    if (!stop) return report_failure(stop.error());
    auto on = power_on(options, {stop->get()});
    if (!on) return report_failure(on.error());
    CardTasks tasks(**on);
    RealEnvironment environment(**on);
    run_loop(tasks, environment, (*on)->device.settings.sync);
    (*on)->report.clear_bar();
    return 0;
}

int print_status(const CommandOptions& options) {
    const auto device = load_device(options.card, options.id);
    if (!device) return report_failure(device.error());
    const auto text = status_text(*device, wall_clock());
    if (!text) return report_failure(text.error());
    std::fputs(text->c_str(), stdout);
    return 0;
}

}  // namespace sallyport::device
