#include "firmware-client/commands.h"

#include "firmware-client/console.h"
#include "firmware-client/status.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <random>

#include <sys/signalfd.h>

namespace sallyport::device {
namespace {

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

class RealEnvironment final : public RunEnvironment {
  public:
    RealEnvironment(PoweredDevice& device, ConsoleReport& report, StopDescriptor stop)
        : device_(device), report_(report), stop_(stop) {}

    SteadyTime now() override { return std::chrono::steady_clock::now(); }
    bool wait_until(SteadyTime until) override { return !wait_for_stop(stop_, until); }
    double random() override { return std::uniform_real_distribution<double>{0, 1}(engine_); }
    void failed(Task task, const Error& error, std::chrono::milliseconds wait) override {
        if (device_.failed(task, error, wait)) report_.trouble(error, wait);
    }
    void succeeded(Task task) override {
        if (device_.succeeded(task)) report_.recovered();
    }
    void idle() override { device_.close_connection(); }

  private:
    PoweredDevice& device_;
    ConsoleReport& report_;
    StopDescriptor stop_;
    std::mt19937 engine_{std::random_device{}()};
};

/// Waits for the end when there is nothing else to do.
int idle_until_stopped(const Error& why, StopDescriptor stop) {
    std::printf("idle: %s\n", why.message.c_str());
    std::fflush(stdout);
    constexpr std::chrono::hours long_time{24};
    while (!wait_for_stop(stop, std::chrono::steady_clock::now() + long_time)) {
    }
    return 0;
}

/// How the start-up steps ended.
struct RoundEnd {
    std::optional<Error> first_error;
    bool restart = false;
};

RoundEnd run_steps(PoweredDevice& device, ConsoleReport& report) {
    const SyncPeriods& sync = device.settings().sync;
    RoundEnd end;
    for (const Task task : all_tasks) {
        for (bool more = is_wanted(task, sync); more;) {
            const auto done = device.perform(task);
            if (!done) {
                device.failed(task, done.error(), std::chrono::milliseconds{0});
                report.trouble(done.error());
                if (!end.first_error) end.first_error = done.error();
                if (traits_of(done.error().kind()).scope == TroubleScope::device) return end;
                break;
            }
            device.succeeded(task);
            end.restart = *done == Next::restart;
            if (end.restart) return end;
            more = *done == Next::more;
        }
    }
    return end;
}

}  // namespace

int report_failure(const Error& error) {
    ConsoleReport{}.trouble(error);
    return exit_code(error.fault);
}

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

int run_once(const DeviceOptions& options) {
    constexpr int most_restarts = 5;  // configuration, firmware, and one that comes meanwhile
    DeviceClock clock;
    ConsoleReport report;
    for (int restarts = 0;; ++restarts) {
        auto device = PoweredDevice::power_on(options, {}, clock, report);
        if (!device) return report_failure(device.error());
        const RoundEnd end = run_steps(**device, report);
        if (end.restart && restarts < most_restarts) continue;
        return end.first_error ? exit_code(end.first_error->fault) : 0;
    }
}

int run_forever(const DeviceOptions& options) {
    const auto stop = catch_stop_signals();
    if (!stop) return report_failure(stop.error());
    DeviceClock clock;
    ConsoleReport report;
    Restarts restarts;
    for (;;) {
        auto device = PoweredDevice::power_on(options, {stop->get()}, clock, report);
        if (!device) {
            if (device.error().trouble != Trouble::not_configured) return report_failure(device.error());
            return idle_until_stopped(device.error(), {stop->get()});
        }
        RealEnvironment environment(**device, report, {stop->get()});
        const auto& settings = (*device)->settings();
        const FirstUpdates updates = restarts.next(environment.now());
        const LoopEnd end = run_loop(**device, environment, settings.sync, settings.restart_after, updates);
        report.clear_bar();
        if (end == LoopEnd::stopped) return 0;
    }
}

int print_status(const DeviceOptions& options) {
    auto card = find_card(options.card);
    if (!card) return report_failure(card.error());
    LastGood files(*card);
    const auto device = load_device(*card, files, options.id);
    if (!device) return report_failure(device.error());
    const auto text = status_text(*device, system_time());
    if (!text) return report_failure(text.error());
    std::fputs(text->c_str(), stdout);
    return 0;
}

int record(const DeviceOptions& options, const RecordPlan& plan) {
    auto card = find_card(options.card);
    if (!card) return report_failure(card.error());
    LastGood files(*card);
    const auto device = load_device(*card, files, options.id);
    if (!device) return report_failure(device.error());
    const auto written = record_log_files(device->card, device->id, plan, system_time());
    if (!written) return report_failure(written.error());
    std::printf("recorded %llu files, %llu bytes\n", static_cast<unsigned long long>(plan.files),
                static_cast<unsigned long long>(*written));
    return 0;
}

}  // namespace sallyport::device
