#pragma once

#include "firmware-client/device.h"
#include "firmware-client/device_sync.h"
#include "firmware-client/report.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace sallyport::device {

/// The queue of closed log files. None is lost: a file goes from the card only after the store confirmed its
/// very bytes and the file is still the one that was sent. Whoever logs may delete files while they wait.
class LogUploads {
  public:
    /// All must outlive this.
    LogUploads(const Device& device, DevicePuts& puts, Report& report)
        : device_(device), puts_(puts), report_(report) {}

    /// Puts the oldest file and deletes it. A file that cannot be read, or that still changes, is left for
    /// later and the next one taken. False: nothing is left that could be put now.
    Result<bool> put_next();

  private:
    Result<bool> refill();
    Result<void> put(const LogFile& file);
    bool is_put_off(const LogFile& file);
    void put_off(const LogFile& file, const Error& why);

    const Device& device_;
    DevicePuts& puts_;
    Report& report_;
    LogQueue queue_;
    std::size_t next_ = 0;        ///< index into queue_.files
    std::uint64_t uploaded_ = 0;  ///< files of this queue that are done
    std::map<std::string, std::chrono::sys_seconds> put_off_until_;
};

}  // namespace sallyport::device
