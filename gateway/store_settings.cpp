#include "gateway/store_settings.h"

#include "config/dns_name.h"
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
        if (!config::is_dns_name(read.server_name) && !is_ip_address(read.server_name)) {
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

void read_signing(MapReader& map, const ConfigurationPaths& paths, StoreSettings& settings) {
    const bool resigns = map.choice<bool>("signing", false, {{"passthrough", false}, {"resign", true}});
    auto resign = map.map("resign");
    if (resigns != resign.has_value()) {
        map.fault("'signing: resign' and the section 'resign' belong together: give both or none");
    } else if (resign) {
        settings.resign =
            read_resign(*resign, paths, settings.endpoints.empty() ? nullptr : &settings.endpoints.front());
    }
}

}  // namespace

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
    read_signing(map, paths, settings);
    map.finish();
    return settings;
}

}  // namespace sallyport::gateway
