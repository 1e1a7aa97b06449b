#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/resign_settings.h"
#include "gateway/rules/request_head.h"
#include "gateway/store_url.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

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
    HostNames virtual_hosts;               ///< below which Host names a bucket; lower case
    std::optional<ResignSettings> resign;  ///< nothing: the clients' signatures pass through
    bool operator==(const StoreSettings&) const = default;

    bool uses_tls() const { return !endpoints.empty() && endpoints.front().tls; }
};

/// Faults go to `map`.
StoreSettings read_store(config::MapReader& map, const ConfigurationPaths& paths);

}  // namespace sallyport::gateway
