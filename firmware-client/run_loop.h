#pragma once

#include "firmware-client/backoff.h"
#include "firmware-client/result.h"
#include "firmware-client/settings.h"

#include <chrono>
#include <cstddef>
#include <iterator>

namespace sallyport::device {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What a running device does, in the order in which it does them at the start.
enum class Task {
    config_check,
    schema,
    heartbeat,
    firmware_check,
    trust_check,
    identity_check,
    log_upload,
};
inline constexpr Task all_tasks[] = {Task::config_check,   Task::schema,      Task::heartbeat,
                                     Task::firmware_check, Task::trust_check, Task::identity_check,
                                     Task::log_upload};
inline constexpr std::size_t task_count = std::size(all_tasks);

/// Whether the configuration has this task done at all.
bool is_wanted(Task task, const SyncPeriods& sync);

/// What comes after a task that succeeded.
enum class Next {
    period,   ///< nothing, until its period is over
    more,     ///< the same again (the next log file); tasks that have waited longer come first
    restart,  ///< the device has to start anew: its configuration or its firmware is another
};

/// Does the work.
class TaskRunner {
  public:
    virtual ~TaskRunner() = default;
    virtual Result<Next> perform(Task task) = 0;
};

/// Time and chance, so that days pass in a test within milliseconds.
class RunEnvironment {
  public:
    virtual ~RunEnvironment() = default;
    virtual SteadyTime now() = 0;
    /// Returns at `until`, or false as soon as the program shall end.
    virtual bool wait_until(SteadyTime until) = 0;
    /// In [0, 1).
    virtual double random() = 0;
    /// A task failed; the next attempt comes after `wait`.
    virtual void failed(Task task, const Error& error, std::chrono::milliseconds wait) = 0;
    virtual void succeeded(Task task) = 0;
    /// Nothing is due for a while: connections need not be kept.
    virtual void idle() = 0;
};

enum class LoopEnd { stopped, restart };

/// When a device that has just started looks for what comes over the air.
enum class FirstUpdates { at_once, after_their_period };

/// Notices starts that follow one another too soon. A server that offers another configuration each time
/// would otherwise keep a device so busy with starting anew that no log file ever goes up.
class Restarts {
  public:
    /// Before each start. The first five within an hour are free: configuration, firmware and certificates
    /// may all have changed.
    FirstUpdates next(SteadyTime now);

  private:
    SteadyTime first_{};
    unsigned count_ = 0;
};

/// Runs until the environment says that it is enough or the device has to start anew: everything once at the
/// start, then each task by its own period (`sync`; zero switches off), the log queue whenever it has
/// something. Of the tasks that are due, the one that has waited longest is next. Trouble that concerns the
/// whole device (see `TroubleScope`) lets all tasks wait out the back-off, because they share one server; any
/// other lets only that task wait, so that one forbidden request never holds back the log files.
/// `restart_after`: run time after which the device starts anew in any case; zero: never. `updates`: what
/// comes over the air can wait for its period at the start too.
LoopEnd run_loop(TaskRunner& runner, RunEnvironment& environment, const SyncPeriods& sync,
                 std::chrono::seconds restart_after = std::chrono::seconds{0},
                 FirstUpdates updates = FirstUpdates::at_once);

}  // namespace sallyport::device
