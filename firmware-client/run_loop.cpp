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

using Timers = std::array<Timer, task_count>;

/// Zero: once after each start.
std::chrono::seconds period_of(Task task, const SyncPeriods& sync) {
    switch (task) {
        case Task::config_check:
        case Task::firmware_check:
        case Task::trust_check:
        case Task::identity_check:
            return sync.ota;
        case Task::schema:
            return std::chrono::seconds{0};
        case Task::heartbeat:
            return sync.heartbeat;
        case Task::log_upload:
            return log_scan_period;
    }
    return std::chrono::seconds{0};
}

bool is_update(Task task) {
    return task == Task::config_check || task == Task::firmware_check || task == Task::trust_check ||
           task == Task::identity_check;
}

Timers make_timers(const SyncPeriods& sync, SteadyTime start, FirstUpdates updates) {
    Timers timers{};
    for (std::size_t i = 0; i < timers.size(); ++i) {
        const Task task = all_tasks[i];
        const auto period = period_of(task, sync);
        const bool later = is_update(task) && updates == FirstUpdates::after_their_period;
        timers[i] = {task, period, is_wanted(task, sync) ? (later ? start + period : start) : never};
    }
    return timers;
}

}  // namespace

bool is_wanted(Task task, const SyncPeriods& sync) {
    switch (task) {
        case Task::heartbeat:
            return sync.heartbeat.count() > 0;
        case Task::log_upload:
            return sync.logfiles;
        default:
            return sync.ota.count() > 0;
    }
}

FirstUpdates Restarts::next(SteadyTime now) {
    constexpr std::chrono::hours window{1};
    constexpr unsigned free_starts = 5;
    if (count_ == 0 || now - first_ > window) {
        first_ = now;
        count_ = 0;
    }
    return ++count_ > free_starts ? FirstUpdates::after_their_period : FirstUpdates::at_once;
}

LoopEnd run_loop(TaskRunner& runner, RunEnvironment& environment, const SyncPeriods& sync,
                 std::chrono::seconds restart_after, FirstUpdates updates) {
    const SteadyTime start = environment.now();
    const SteadyTime restart_at = restart_after.count() > 0 ? start + restart_after : never;
    Timers timers = make_timers(sync, start, updates);
    Backoff backoff;
    for (;;) {
        const SteadyTime now = environment.now();
        if (now >= restart_at) return LoopEnd::restart;
        auto& timer = *std::min_element(timers.begin(), timers.end(),
                                        [](const Timer& a, const Timer& b) { return a.due < b.due; });
        if (timer.due > now) {
            environment.idle();
            if (!environment.wait_until(std::min(timer.due, restart_at))) return LoopEnd::stopped;
            continue;
        }
        const auto done = runner.perform(timer.task);
        if (done) {
            backoff.reset();
            environment.succeeded(timer.task);
            if (*done == Next::restart) return LoopEnd::restart;
            const bool once = timer.period.count() == 0;
            timer.due = *done == Next::more ? environment.now()
                        : once              ? never
                                            : environment.now() + timer.period;
            continue;
        }
        if (done.error().fault == Fault::stopped) return LoopEnd::stopped;
        const auto wait = backoff.next(done.error(), environment.random());
        environment.failed(timer.task, done.error(), wait);
        timer.due = environment.now() + wait;
        if (traits_of(done.error().kind()).scope == TroubleScope::task) continue;
        environment.idle();
        if (!environment.wait_until(std::min(timer.due, restart_at))) return LoopEnd::stopped;
    }
}

}  // namespace sallyport::device
