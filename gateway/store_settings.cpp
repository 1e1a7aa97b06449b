#include "gateway/store_settings.h"

#include "gateway/rules/addressing.h"
#include "gateway/socket_address.h"
#include "pki/server_name.h"

#include <algorithm>
#include <charconv>

namespace sallyport::gateway {
namespace {

using config::Located;
using config::MapReader;
using namespace std::chrono_literals;

constexpr std::size_t max_endpoints = 16;
constexpr std::size_t max_path_bytes = 1024;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// Host names as RFC 1123 2.1 has them, and `_`, which some inner networks use. A name whose last label is a
/// number would be taken for an IPv4 address by some.
bool is_dns_name(std::string_view name) {
    constexpr std::size_t max_name = 253;
    constexpr std::size_t max_label = 63;
    if (name.empty() || name.size() > max_name) return false;
    std::string_view label;
    for (std::size_t begin = 0; begin <= name.size(); begin += label.size() + 1) {
        label = name.substr(begin, name.find('.', begin) - begin);
        const auto is_allowed = [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; };
        if (label.empty() || label.size() > max_label || label.front() == '-' || label.back() == '-' ||
            !std::ranges::all_of(label, is_allowed))
            return false;
    }
    return !std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

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

void read_endpoints(MapReader& map, StoreSettings& settings) {
    const auto endpoints = map.strings("endpoints");
    if (endpoints.empty() || endpoints.size() > max_endpoints)
        map.fault("endpoints: 1 to 16 are needed, such as [http://127.0.0.1:9000]");
    for (const Located& endpoint : endpoints) {
        const auto fault = [&](std::string_view what) {
            map.fault(endpoint.mark, "endpoints: '" + endpoint.text + "' " + std::string(what));
        };
        auto url = parse_store_url(endpoint.text);
        if (!url) {
            fault(url.error());
        } else if (!settings.endpoints.empty() && url->tls != settings.uses_tls()) {
            fault("has another scheme than the first: all are http:// or all are https://");
        } else if (std::ranges::find(settings.endpoints, *url) != settings.endpoints.end()) {
            fault("stands twice");
        } else {
            settings.endpoints.push_back(std::move(*url));
        }
    }
}

NamedFile read_file_name(MapReader& map, const ConfigurationPaths& paths, std::string_view key) {
    const auto text = map.string(key);
    if (!text) return {};
    return {paths.existing(map, key, *text), paths.place(text->mark)};
}

void read_tls(MapReader& map, const ConfigurationPaths& paths, StoreSettings& settings) {
    auto tls = map.map("tls");
    if (!tls) return;
    if (!settings.endpoints.empty() && !settings.uses_tls())
        tls->fault("only https:// endpoints have TLS: take out 'tls', or change 'endpoints'");
    StoreTlsSettings& read = settings.tls;
    read.ca = read_file_name(*tls, paths, "ca");
    read.certificate = read_file_name(*tls, paths, "certificate");
    read.key = read_file_name(*tls, paths, "key");
    if (read.certificate.path.empty() != read.key.path.empty())
        tls->fault("'certificate' and 'key' belong together: give both or none");
    if (const auto name = tls->string("server_name")) {
        read.server_name = pki::lower_case(name->text);
        if (!is_dns_name(read.server_name) && !is_ip_address(read.server_name)) {
            tls->fault(name->mark,
                       "server_name: '" + name->text + "' is neither a DNS name nor an IP address");
        }
    }
    read.only_tls_1_3 = tls->choice<bool>("minimum_version", false, {{"1.2", false}, {"1.3", true}});
    tls->finish();
}

void read_check(MapReader& map, StoreCheckSettings& check) {
    auto health = map.map("health_check");
    if (!health) return;
    check.interval = health->duration("interval", check.interval, 100ms, 1h);
    check.timeout = health->duration("timeout", check.timeout, 10ms, 1min);
    if (const auto path = health->string("path")) {
        const auto is_visible = [](char c) { return c > ' ' && c < '\x7f' && c != '#'; };
        if (!path->text.starts_with('/') || path->text.size() > max_path_bytes ||
            !std::ranges::all_of(path->text, is_visible)) {
            health->fault(path->mark, "path: '" + path->text +
                                          "' is not a path such as /minio/health/live, as a request has it");
        }
        check.path = path->text;
    }
    health->finish();
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
    if (url.is_name && !is_dns_name(url.host))
        return std::string("names no host: '" + url.host + "' is neither a DNS name nor an IP address");
    return url;
}

StoreSettings read_store(MapReader& map, const ConfigurationPaths& paths) {
    StoreSettings settings;
    read_endpoints(map, settings);
    read_tls(map, paths, settings);
    read_check(map, settings.check);
    settings.resolve_interval = map.duration("resolve_interval", settings.resolve_interval, 100ms, 24h);
    for (const Located& name : map.strings("virtual_hosts"))
        settings.virtual_hosts.push_back(pki::lower_case(name.text));
    if (const auto fault = fault_of_virtual_hosts(settings.virtual_hosts))
        map.fault("virtual_hosts: " + *fault);
    map.choice<int>("signing", 0, {{"passthrough", 0}});
    map.finish();
    return settings;
}

}  // namespace sallyport::gateway
