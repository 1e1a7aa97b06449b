#pragma once

#include "gateway/rules/client.h"
#include "gateway/rules/request_head.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// The public halves of S3 key pairs.
using KeySet = std::set<std::string, std::less<>>;
using DeviceKeys = std::map<std::string, KeySet, std::less<>>;

/// Which access keys clients may use.
struct AccessKeys {
    bool bound = false;  ///< false: any
    KeySet fleet = {};
    DeviceKeys devices = {};                         ///< whoever stands here may use these only
    KeySet known = {};                               ///< those of the fleet and of all devices
    std::optional<KeySet> operators = std::nullopt;  ///< nothing: any
};

/// Reads lines of a device's id and its access keys, separated by blanks; `#` begins a comment. Nothing is
/// kept of a text with a fault, which is told with its line. `is_device` says whether a word is an id.
pki::Result<DeviceKeys> parse_device_keys(std::string_view text,
                                          const std::function<bool(std::string_view)>& is_device);

/// Is the request signed with a key that this client may use? It must say so in one way: an Authorization
/// field or a presigned query (S3 API, "Authenticating Requests"). A claim only: the store checks the
/// signature. Clients that are known by nothing else may use any key of the fleet and of its devices.
/// Refusals: `access_key`, and `malformed` for what is no Signature Version 4.
std::optional<Denial> check_access_key(const AccessKeys& keys, const Client& client, const RequestHead& head);

}  // namespace sallyport::gateway
