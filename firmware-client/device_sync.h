#pragma once

#include "firmware-client/device.h"
#include "firmware-client/object_watch.h"
#include "firmware-client/report.h"
#include "firmware-client/run_loop.h"
#include "firmware-client/store_client.h"

#include <cstdint>
#include <string>

namespace sallyport::device {

/// PUTs in the device's own prefix, with the user metadata that each object carries.
class DevicePuts {
  public:
    /// All must outlive this.
    DevicePuts(const Device& device, StoreClient& store, WallClock clock, Report& report)
        : device_(device), store_(store), clock_(std::move(clock)), report_(report) {}

    /// `key`: the whole object key. `modified`: of the file on the card. Reports success.
    Result<void> put(const std::string& key, Body& body, std::chrono::sys_seconds modified,
                     HashedBody::Progress progress = {});
    /// `name`: below the device's prefix.
    Result<void> put_text(const std::string& name, std::string content);

    std::chrono::sys_seconds now() const { return clock_(); }

  private:
    Metadata metadata(std::chrono::sys_seconds modified);

    const Device& device_;
    StoreClient& store_;
    WallClock clock_;
    Report& report_;
    std::uint64_t put_index_ = 0;  ///< PUTs since power-on; goes into the metadata
};

/// The steps by which configuration, schema and device.json of card and bucket are brought together. Each can
/// be repeated after a failure.
class DeviceSync {
  public:
    /// All must outlive this.
    DeviceSync(const Device& device, ObjectWatch& watch, DevicePuts& puts, Report& report)
        : device_(device), watch_(watch), puts_(puts), report_(report) {}

    /// Puts the card's configuration when the store has none. Another one on the store replaces the card's,
    /// byte for byte, and the device has to start anew; one that it could not work with is refused.
    Result<Next> check_config();

    /// Puts the card's Rule Schema; nothing when the card has none.
    Result<void> put_schema();

    /// Puts device.json, whose bytes are `content`: the heartbeat.
    Result<void> put_device_file(std::string content) {
        return puts_.put_text("device.json", std::move(content));
    }

  private:
    const Device& device_;
    ObjectWatch& watch_;
    DevicePuts& puts_;
    Report& report_;
};

}  // namespace sallyport::device
