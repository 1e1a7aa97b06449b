#include "pki/tool/publication/web_address.h"

#include "config/dns_name.h"
#include "pki/server_name.h"

#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace sallyport::pki {
namespace {

namespace urls = boost::urls;

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

/// Servers and proxies disagree about these.
bool has_odd_segment(std::string_view path) {
    for (std::size_t begin = 1; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view segment = path.substr(begin, end - begin);
        const bool is_last = end == path.size();
        if ((segment.empty() && !is_last) || segment == "." || segment == "..") return true;
        begin = end + 1;
    }
    return path.find('%') != path.npos;
}

std::string text_of(const urls::string_view& text) {
    return {text.data(), text.size()};
}

}  // namespace

std::string WebAddress::authority() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    const std::string name = ipv6 ? "[" + host + "]" : host;
    return port == (tls ? https_port : http_port) ? name : name + ":" + std::to_string(port);
}

std::string WebAddress::text() const {
    return (tls ? "https://" : "http://") + authority() + path;
}

bool WebAddress::is_loopback() const {
    // `host` is a DNS name or an address here: a name never begins with "127." and ends in a number.
    const bool is_ipv4_loopback =
        host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
    return is_ipv4_loopback || host == "::1" || host == "localhost";
}

boost::system::result<WebAddress, std::string> parse_web_address(std::string_view text) {
    constexpr std::size_t max_text = 2048;
    if (text.size() > max_text) return std::string("is longer than 2048 characters");
    const auto parsed = urls::parse_uri(urls::string_view(text.data(), text.size()));
    if (!parsed) return std::string("is no URL such as https://crl.example/put/");
    const urls::url_view& url = *parsed;
    WebAddress address;
    address.tls = url.scheme_id() == urls::scheme::https;
    if (!address.tls && url.scheme_id() != urls::scheme::http)
        return std::string("does not begin with http:// or https://");
    if (url.has_userinfo())
        return std::string("has a user in it: secrets do not belong into URLs, see 'token'");
    if (url.has_query() || url.has_fragment()) return std::string("has a '?' or '#'");
    address.host = lower_case(text_of(url.encoded_host_address()));
    const bool is_ip = url.host_type() == urls::host_type::ipv4 || url.host_type() == urls::host_type::ipv6;
    if (!is_ip && !config::is_dns_name(address.host))
        return "names no host: '" + address.host + "' is neither a DNS name nor an IP address";
    address.port = url.has_port() ? url.port_number() : (address.tls ? https_port : http_port);
    if (address.port == 0) return std::string("has no port from 1 to 65535");
    address.path = text_of(url.encoded_path());
    if (address.path.empty()) address.path = "/";
    if (has_odd_segment(address.path))
        return std::string("has a path with an empty segment, '.', '..' or '%'");
    return address;
}

}  // namespace sallyport::pki
