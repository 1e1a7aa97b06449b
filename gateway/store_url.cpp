#include "gateway/store_url.h"

#include "config/dns_name.h"
#include "gateway/socket_address.h"
#include "pki/server_name.h"

#include <charconv>

namespace sallyport::gateway {
namespace {

/// Splits "host[:port]"; false when it is neither.
bool split_authority(std::string_view text, std::string_view& host, std::string_view& port) {
    const bool bracketed = text.starts_with('[');
    const auto end = bracketed ? text.find(']') : text.find(':');
    if (bracketed && end == text.npos) return false;
    host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    port = end == text.npos ? "" : text.substr(bracketed ? end + 1 : end);
    if (bracketed != (host.find(':') != host.npos)) return false;
    if (port.empty()) return true;
    if (!port.starts_with(':') || port.size() == 1) return false;
    port.remove_prefix(1);
    return true;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

}  // namespace

std::string StoreUrl::authority() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string StoreUrl::text() const {
    return (tls ? "https://" : "http://") + authority();
}

boost::system::result<StoreUrl, std::string> parse_store_url(std::string_view text) {
    constexpr std::string_view plain = "http://";
    constexpr std::string_view encrypted = "https://";
    StoreUrl url;
    url.tls = text.starts_with(encrypted);
    if (!url.tls && !text.starts_with(plain)) return std::string("does not begin with http:// or https://");
    std::string_view rest = text.substr(url.tls ? encrypted.size() : plain.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/?#@") != rest.npos)
        return std::string(
            "has more than a host and a port: requests go there with the path that clients ask for");
    std::string_view host;
    std::string_view port;
    if (!split_authority(rest, host, port))
        return std::string("is not scheme://host:port; IPv6 addresses stand in brackets");
    constexpr std::uint16_t http_port = 80;
    constexpr std::uint16_t https_port = 443;
    url.port = url.tls ? https_port : http_port;
    if (!port.empty() && !parse_port(port, url.port)) return std::string("has no port from 1 to 65535");
    url.host = pki::lower_case(host);
    url.is_name = !is_ip_address(url.host);
    if (url.is_name && !config::is_dns_name(url.host))
        return std::string("names no host: '" + url.host + "' is neither a DNS name nor an IP address");
    return url;
}

}  // namespace sallyport::gateway
