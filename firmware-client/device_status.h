#pragma once

#include "firmware-client/result.h"
#include "firmware-client/run_loop.h"

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

namespace sallyport::device {

/// What the device made of an object in the bucket that somebody else wrote.
struct Judgement {
    std::string etag;
    std::string fault;  ///< empty: nothing is wrong with it

    bool operator==(const Judgement&) const = default;
};

/// How a device fares, as it stands in the object `sallyport` of device.json, where readers pass over what
/// they do not know. It outlives the power: `status` and the next start read it.
struct DeviceStatus {
    Trouble state = Trouble::none;
    std::string message;  ///< of the trouble; empty when there is none
    std::optional<std::chrono::sys_seconds> since;
    std::optional<std::chrono::sys_seconds> next_attempt;
    std::optional<std::chrono::sys_seconds> last_success;

    /// The last trouble stays when it is over, for those who ask why a device was silent.
    Trouble last_trouble = Trouble::none;
    std::string last_trouble_message;
    std::optional<std::chrono::sys_seconds> last_trouble_time;

    std::map<std::string, Judgement> judged;  ///< by the object's name below the device's prefix
};

boost::json::object status_object(const DeviceStatus& status);

/// Takes what is sound of a foreign object; the rest is as if it had never been.
DeviceStatus read_status(const boost::json::object& object);

/// Follows the tasks of a device and keeps its status. The time is a parameter.
class StatusKeeper {
  public:
    /// `status` must outlive this.
    explicit StatusKeeper(DeviceStatus& status) : status_(status) {}

    struct Change {
        bool state;  ///< device.json is to be written
        bool line;   ///< worth a line in the log: something new, or the same once an hour
    };

    Change failed(Task task, const Error& error, std::chrono::milliseconds wait,
                  std::chrono::sys_seconds now);
    Change succeeded(Task task, std::chrono::sys_seconds now);

  private:
    struct TaskTrouble {
        Trouble trouble = Trouble::none;
        std::string message;
        std::chrono::sys_seconds since{};
        std::chrono::sys_seconds line_at{};
    };
    bool show_worst();

    DeviceStatus& status_;
    std::array<TaskTrouble, task_count> tasks_;
};

}  // namespace sallyport::device
