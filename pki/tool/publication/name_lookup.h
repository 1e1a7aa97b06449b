#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

struct FoundAddresses {
    std::vector<std::string> addresses;  ///< IPv4 and IPv6, as text, the preferred first
    std::string problem = {};            ///< why there is none
};

/// Looks a name up as all programs of this machine do (getaddrinfo), but waits no longer than `until`: then
/// nothing comes back, and the look-up ends by itself on a thread that it was left. An IP address is its own.
std::optional<FoundAddresses> look_up(const std::string& host, std::chrono::steady_clock::time_point until);

}  // namespace sallyport::pki
