#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/rules/request_head.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

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

/// A file and where the configuration names it ("file:line:column"), for faults that its content has.
struct NamedFile {
    std::filesystem::path path;  ///< empty: not given
    std::string place;
    bool operator==(const NamedFile&) const = default;
};

/// How https:// stores are verified, and what we show them.
struct StoreTlsSettings {
    NamedFile ca;             ///< not given: what the system trusts
    std::string server_name;  ///< what their certificates must say; empty: the host of each URL
    NamedFile certificate;    ///< of ours, with its chain; only for stores that ask for one
    NamedFile key;
    bool only_tls_1_3 = false;
    bool operator==(const StoreTlsSettings&) const = default;
};

struct StoreCheckSettings {
    std::chrono::milliseconds interval{5'000};
    std::chrono::milliseconds timeout{2'000};
    std::string path;  ///< to GET; empty: a connection is enough
    bool operator==(const StoreCheckSettings&) const = default;
};

/// Section `store`. All of it is reloadable.
struct StoreSettings {
    std::vector<StoreUrl> endpoints;
    StoreTlsSettings tls;
    StoreCheckSettings check;
    std::chrono::milliseconds resolve_interval{30'000};
    HostNames virtual_hosts;  ///< below which Host names a bucket; lower case
    bool operator==(const StoreSettings&) const = default;

    bool uses_tls() const { return !endpoints.empty() && endpoints.front().tls; }
};

/// Faults go to `map`.
StoreSettings read_store(config::MapReader& map, const ConfigurationPaths& paths);

}  // namespace sallyport::gateway
