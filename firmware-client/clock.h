#pragma once

#include <chrono>
#include <functional>
#include <utility>

namespace sallyport::device {

/// The time that goes into signatures and keys, and by which certificates are judged.
using WallClock = std::function<std::chrono::sys_seconds()>;

inline std::chrono::sys_seconds system_time() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// The device's clock: the system's, until a server says that it is wrong. The system's is left alone: it is
/// not ours. Used by one thread.
class DeviceClock {
  public:
    explicit DeviceClock(WallClock source = system_time) : source_(std::move(source)) {}

    std::chrono::sys_seconds now() const { return source_() + offset_; }

    /// Makes `now` the present. Returns by how much the clock jumped.
    std::chrono::seconds set(std::chrono::sys_seconds now) {
        const std::chrono::seconds jump = now - this->now();
        offset_ += jump;
        return jump;
    }

  private:
    WallClock source_;
    std::chrono::seconds offset_{0};
};

}  // namespace sallyport::device
