#pragma once

#include "firmware-client/backoff.h"
#include "firmware-client/result.h"
#include "firmware-client/settings.h"

#include <chrono>

namespace sallyport::device {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What a running device does, in the order in which it does them when several are due.
enum class Task { config_check, schema, heartbeat, log_upload };

/// Does the work.
class TaskRunner {
  public:
    virtual ~TaskRunner() = default;
    /// True: the task has more to do at once (the next log file). Other tasks may come in between.
    virtual Result<bool> perform(Task task) = 0;
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
    /// Nothing is due for a while: connections need not be kept.
    virtual void idle() = 0;
};

/// Runs until the environment says that it is enough: everything once at the start, then each task by its own
/// period (`sync`; zero switches off), the log queue whenever it has something. After a failure all
/// tasks wait out the back-off: they share one server.
void run_loop(TaskRunner& runner, RunEnvironment& environment, const SyncPeriods& sync);

}  // namespace sallyport::device
