#include "gateway/socket_address.h"

#include <charconv>

#include <arpa/inet.h>

namespace sallyport::gateway {

bool is_ip_address(const std::string& text) {
    unsigned char octets[16];
    return inet_pton(AF_INET, text.c_str(), octets) == 1 || inet_pton(AF_INET6, text.c_str(), octets) == 1;
}

std::optional<SocketAddress> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    SocketAddress address{std::string(host), 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size() || address.port == 0) return std::nullopt;
    if (!is_ip_address(address.host) || bracketed != (address.host.find(':') != std::string::npos))
        return std::nullopt;
    return address;
}

SocketAddress read_address(config::MapReader& map, std::string_view key, const config::Located& text) {
    if (const auto address = parse_address(text.text)) return *address;
    if (!text.text.empty()) {
        map.fault(text.mark, std::string(key) + ": '" + text.text +
                                 "' is not IP:PORT such as 0.0.0.0:8443 or [::]:8443");
    }
    return {};
}

}  // namespace sallyport::gateway
