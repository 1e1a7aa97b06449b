#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sallyport::pki {

/// An absolute URL of a server or of something on it, for requests of our own.
struct WebAddress {
    bool tls = false;
    std::string host;        ///< lower case, an IPv6 address without brackets
    std::uint16_t port = 0;  ///< never 0 in one that was parsed
    std::string path = "/";  ///< percent-encoded, begins with '/'

    /// As Host fields have it (RFC 9110 7.2): without the port that the scheme implies.
    std::string authority() const;
    std::string text() const;
    /// 127.0.0.0/8, ::1 or `localhost` (RFC 6761 6.3): nobody else hears what is said without TLS.
    bool is_loopback() const;
    bool operator==(const WebAddress&) const = default;
};

/// "http://host[:port][/path]" or the same with https (RFC 3986). Refused, with what is wrong: a user, a
/// query, a fragment, empty and dot segments within the path, and hosts that are neither DNS names nor IP
/// addresses.
boost::system::result<WebAddress, std::string> parse_web_address(std::string_view text);

}  // namespace sallyport::pki
