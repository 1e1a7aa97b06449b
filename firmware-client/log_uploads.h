#pragma once

#include "firmware-client/device.h"
#include "firmware-client/device_sync.h"
#include "firmware-client/report.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sallyport::device {

/// The queue of closed log files. None is lost: a file goes from the card only after the store confirmed its
/// very bytes and the file is still the one that was sent. Whoever logs may delete files while they wait.
class LogUploads {
  public:
    using Remove = std::function<void(const std::filesystem::path&, std::error_code&)>;

    /// All must outlive this.
    LogUploads(const Device& device, DevicePuts& puts, Report& report, Remove remove = remove_file)
        : device_(device), puts_(puts), report_(report), remove_(std::move(remove)) {}

    /// Puts the oldest file and deletes it. A file that cannot be read, or that still changes, is left for
    /// later and the next one taken. One that the server forbids is an error; the next call takes the next. A
    /// file that cannot be deleted is not put again. False: nothing is left that could be put now.
    Result<bool> put_next();

  private:
    Result<bool> refill();
    static void remove_file(const std::filesystem::path& path, std::error_code& failure) {
        std::filesystem::remove(path, failure);
    }
    Result<void> put(const LogFile& file);
    Result<void> upload(const LogFile& file, FileBody& body);
    Result<void> remove(const LogFile& file, const FileBody& body);
    bool is_put_off(const LogFile& file);
    void put_off(const LogFile& file, std::chrono::seconds time);

    const Device& device_;
    DevicePuts& puts_;
    Report& report_;
    Remove remove_;
    std::vector<std::byte> buffer_ =
        std::vector<std::byte>(FileBody::block_bytes);  ///< for one file after another
    LogQueue queue_;
    std::size_t next_ = 0;        ///< index into queue_.files
    std::uint64_t uploaded_ = 0;  ///< files of this queue that are done
    struct Pause {
        std::chrono::sys_seconds begin;
        std::chrono::seconds time;
    };
    std::map<std::string, Pause> put_off_;
    std::map<std::string, FileBody::Stamp> stored_;  ///< on the card only because they cannot be deleted
};

}  // namespace sallyport::device
