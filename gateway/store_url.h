#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sallyport::gateway {

/// One entry of `store.endpoints`.
struct StoreUrl {
    bool tls = false;
    bool is_name = false;  ///< its host is a DNS name, not an IP address
    std::string host;      ///< lower case, without brackets
    std::uint16_t port = 0;

    /// As Host fields have it (RFC 9110 7.2), with its port always.
    std::string authority() const;
    /// "https://store.example.test:9000": its one name in logs and metrics.
    std::string text() const;
    bool operator==(const StoreUrl&) const = default;
};

/// "http://host[:port]" or "https://host[:port]", the host being an IPv4 address, an IPv6 address in brackets
/// or a DNS name; one '/' may follow. Anything else, such as a path or a user, is an error that says what.
boost::system::result<StoreUrl, std::string> parse_store_url(std::string_view text);

}  // namespace sallyport::gateway
