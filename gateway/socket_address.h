#pragma once

#include "config/yaml_reader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct SocketAddress {
    std::string host;  ///< an IP address, without brackets
    std::uint16_t port = 0;

    bool operator==(const SocketAddress&) const = default;
};

/// IPv4 or IPv6, without brackets.
bool is_ip_address(const std::string& text);

/// "127.0.0.1:8443" or "[::1]:8443"; nothing for anything else.
std::optional<SocketAddress> parse_address(std::string_view text);

/// The same from a configuration; what cannot be read becomes a fault of `map` at its place.
SocketAddress read_address(config::MapReader& map, std::string_view key, const config::Located& text);

}  // namespace sallyport::gateway
