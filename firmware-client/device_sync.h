#pragma once

#include "firmware-client/device.h"
#include "firmware-client/report.h"
#include "firmware-client/store_client.h"

#include <cstdint>
#include <string>

namespace sallyport::device {

/// The steps by which card and bucket are brought together. Each can be repeated after a failure; none loses
/// a log file: it goes from the card only after `StoreClient::put` succeeded and the file is still the one
/// that was sent.
class DeviceSync {
  public:
    /// All must outlive this.
    DeviceSync(const Device& device, StoreClient& store, WallClock clock, Report& report)
        : device_(device), store_(store), clock_(std::move(clock)), report_(report) {}

    /// Puts the card's configuration when the store has none.
    Result<void> check_config();

    /// Puts the card's Rule Schema; nothing when the card has none.
    Result<void> put_schema();

    /// Puts device.json, whose bytes are `content`: the heartbeat.
    Result<void> put_device_file(std::string content);

    /// Puts the oldest closed log file and deletes it. False: the queue is empty.
    Result<bool> put_next_log();

  private:
    Metadata metadata(std::chrono::sys_seconds modified);
    Result<void> put(const std::string& name, Body& body, std::chrono::sys_seconds modified);
    Result<void> put_log(const LogFile& file);

    const Device& device_;
    StoreClient& store_;
    WallClock clock_;
    Report& report_;
    std::uint64_t put_index_ = 0;  ///< PUTs since power-on; goes into the metadata
    LogQueue queue_;
    std::size_t next_ = 0;        ///< index into queue_.files
    std::uint64_t uploaded_ = 0;  ///< files of this queue that are done
};

}  // namespace sallyport::device
