#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

struct ServerRequest {
    std::vector<std::string> dns_names;  ///< the first one names the server's folder
    std::vector<std::string> addresses;  ///< IPv4 or IPv6
    std::chrono::days lifetime{397};
};

struct DeviceRequest {
    std::string device_id;
    std::optional<std::filesystem::path> card;  ///< also copy the identity files into this folder
    std::chrono::days lifetime{1095};
};

// No certificate outlives its issuer: a longer lifetime is cut to the issuer's, with a note.

/// Makes a server's key and certificate in DIR/servers/NAME, replacing files that are there.
Result<Answer> issue_server(Depot& depot, const ServerRequest& request, std::chrono::sys_seconds now);

/// Makes a device's key and certificate in DIR/devices/ID. "No" when the device has a certificate that is
/// neither expired nor revoked: that one is renewed, or revoked first.
Result<Answer> issue_device(Depot& depot, const DeviceRequest& request, std::chrono::sys_seconds now);

/// A new key and certificate in the lineage of the device's newest one, which stays valid. "No" when that one
/// is revoked or on hold, else a renewal would undo it, or when the device is unknown.
Result<Answer> renew_device(Depot& depot, const DeviceRequest& request, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
