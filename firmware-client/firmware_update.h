#pragma once

#include "firmware-client/device.h"
#include "firmware-client/firmware_image.h"
#include "firmware-client/object_watch.h"
#include "firmware-client/report.h"
#include "firmware-client/run_loop.h"

#include <filesystem>
#include <functional>

namespace sallyport::device {

inline constexpr std::string_view firmware_file = "firmware.bin";

/// Puts an image in force, outside this program: gets its path and its version (MM.mm.pp). It can be called
/// again with the same image after a power loss, so it must bear that. An error: the image is not in force.
using FirmwareHook =
    std::function<Result<void>(const std::filesystem::path& image, const std::string& version)>;

/// Runs `program IMAGE VERSION` without a shell and waits for its end, at most an hour. Errors:
/// configuration, when it cannot be run or ends with another code than 0; stopped.
FirmwareHook program_hook(std::filesystem::path program, StopDescriptor stop);

/// Firmware over the air. The image is fetched beside its place, checked, and becomes `firmware.bin` in one
/// step; the next start puts it in force (`apply_firmware`).
class FirmwareUpdate {
  public:
    /// All must outlive this.
    FirmwareUpdate(Device& device, ObjectWatch& watch, StoreClient& store, Report& report)
        : device_(device), watch_(watch), store_(store), report_(report) {}

    /// Looks for an image of another version. `restart`: `firmware.bin` is on the card. Errors: configuration
    /// with `update_refused`.
    Result<Next> check();

  private:
    Result<Next> fetch(const FirmwareHeader& header, const std::string& etag);
    Result<void> fetch_configuration(const FirmwareHeader& header);

    Device& device_;
    ObjectWatch& watch_;
    StoreClient& store_;
    Report& report_;
};

/// At power-on: puts a `firmware.bin` on the card in force by `hook` and removes it. One of the same version
/// is only removed; one that is unusable, or that the hook refuses, becomes `firmware.bad` and is reported.
/// True: the device has another version now, which device.json says, and its card must be read anew.
/// Errors: card, stopped.
Result<bool> apply_firmware(Device& device, const FirmwareHook& hook, Report& report);

}  // namespace sallyport::device
