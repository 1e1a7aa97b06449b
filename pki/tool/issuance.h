#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"
#include "pki/tool/leaf.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

struct ServerRequest {
    std::vector<std::string> dns_names;  ///< the first one names the server's folder
    std::vector<std::string> addresses;  ///< IPv4 or IPv6
    std::filesystem::path request = {};  ///< PKCS#10 in PEM; empty: a key is made here
    IssuingOptions options = {};
};

struct DeviceRequest {
    std::string device_id;
    std::optional<std::filesystem::path> card = {};  ///< also copy the identity files into this folder
    std::filesystem::path request = {};              ///< PKCS#10 in PEM; empty: a key is made here
    IssuingOptions options = {};
};

struct OperatorRequest {
    std::string name;                    ///< CN, and its folder: see is_operator_name()
    std::filesystem::path request = {};  ///< PKCS#10 in PEM; empty: a key is made here
    IssuingOptions options = {};
};

// No certificate outlives its issuer: a longer lifetime is cut to the issuer's, with a note. Of a request
// (PKCS#10) only the key is taken: names and extensions are those of the command and of the kind of
// certificate.

/// Makes a server's certificate in DIR/servers/NAME, replacing files that are there.
Result<Answer> issue_server(Depot& depot, const ServerRequest& request, const Occasion& occasion);

/// Makes a device's certificate in DIR/devices/ID. "No" when the device has a certificate that is neither
/// expired nor revoked: that one is renewed, or revoked first.
Result<Answer> issue_device(Depot& depot, const DeviceRequest& request, const Occasion& occasion);

/// Makes an operator's certificate in DIR/operators/NAME. "No" as for devices.
Result<Answer> issue_operator(Depot& depot, const OperatorRequest& request, const Occasion& occasion);

/// A new certificate in the lineage of the device's newest one, which stays valid. "No" when that one is
/// revoked or on hold, else a renewal would undo it, or when the device is unknown.
Result<Answer> renew_device(Depot& depot, const DeviceRequest& request, const Occasion& occasion);

}  // namespace sallyport::pki
