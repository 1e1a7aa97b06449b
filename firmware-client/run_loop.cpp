#include "firmware-client/run_loop.h"

#include <algorithm>
#include <array>

namespace sallyport::device {
namespace {

/// How often an empty log folder is looked at again.
constexpr std::chrono::seconds log_scan_period{10};

constexpr SteadyTime never = SteadyTime::max();

struct Timer {
    Task task;
    std::chrono::seconds period;  ///< zero: once
    SteadyTime due;
};

using Timers = std::array<Timer, 4>;

Timers make_timers(const SyncPeriods& sync, SteadyTime start) {
    const auto first = [&](bool on) { return on ? start : never; };
    const bool ota = sync.ota.count() > 0;
    return {{{Task::config_check, sync.ota, first(ota)},
             {Task::schema, std::chrono::seconds{0}, first(ota)},
             {Task::heartbeat, sync.heartbeat, first(sync.heartbeat.count() > 0)},
             {Task::log_upload, log_scan_period, first(sync.logfiles)}}};
}

}  // namespace

void run_loop(TaskRunner& runner, RunEnvironment& environment, const SyncPeriods& sync) {
    Timers timers = make_timers(sync, environment.now());
    Backoff backoff;
    for (;;) {
        const SteadyTime now = environment.now();
        auto* const timer =
            std::find_if(timers.begin(), timers.end(), [&](const Timer& one) { return one.due <= now; });
        if (timer == timers.end()) {
            const auto& next = *std::min_element(
                timers.begin(), timers.end(), [](const Timer& a, const Timer& b) { return a.due < b.due; });
            environment.idle();
            if (!environment.wait_until(next.due)) return;
            continue;
        }
        const auto done = runner.perform(timer->task);
        if (done) {
            backoff.reset();
            if (*done) continue;
            timer->due = timer->period.count() > 0 ? environment.now() + timer->period : never;
            continue;
        }
        if (done.error().fault == Fault::stopped) return;
        const auto wait = backoff.next(done.error(), environment.random());
        environment.failed(timer->task, done.error(), wait);
        if (!environment.wait_until(environment.now() + wait)) return;
    }
}

}  // namespace sallyport::device
