#pragma once

#include "config/configuration_paths.h"
#include "config/secret_source.h"
#include "config/yaml_reader.h"
#include "pki/tool/publication/web_address.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sallyport::pki {

/// A server that we make requests to.
struct PeerSettings {
    WebAddress address = {};
    std::filesystem::path ca = {};           ///< PEM; empty: what the system trusts
    std::filesystem::path certificate = {};  ///< PEM, with its chain; empty: none is shown
    std::filesystem::path key = {};
    config::SecretSource token = {};  ///< of `Authorization: Bearer` (RFC 6750 2.1); none: none is sent
    std::chrono::milliseconds deadline{30'000};  ///< of one exchange, from the look-up to the last byte

    bool operator==(const PeerSettings&) const = default;
};

/// A folder of this machine.
struct FolderSettings {
    std::filesystem::path folder;
    bool operator==(const FolderSettings&) const = default;
};

/// A bucket, or a prefix in one.
struct StoreSettings {
    PeerSettings peer;  ///< `address` is the endpoint; the token is none
    std::string bucket;
    std::string prefix;  ///< empty, or ends with '/'
    std::string region;
    bool virtual_hosted = false;  ///< `bucket.host` instead of `/bucket`
    config::SecretSource credentials;
    std::string profile = "default";  ///< of a file in the form of shared credentials files
    bool operator==(const StoreSettings&) const = default;
};

/// A server that takes PUT and gives back with GET below one path.
struct WebSettings {
    PeerSettings peer;  ///< the path of `address` ends with '/'
    bool operator==(const WebSettings&) const = default;
};

using RepositorySettings = std::variant<FolderSettings, StoreSettings, WebSettings>;

/// Whom to ask whether a CRL is in force.
struct GatewaySettings {
    std::string name;
    PeerSettings admin;  ///< `address` is that of its admin listener, without a path
    bool operator==(const GatewaySettings&) const = default;
};

/// One entry of `publish`.
struct PublicationPlace {
    RepositorySettings repository;
    /// Whose CRLs go there; empty: those of all. A gateway's folder holds those of the authorities that it
    /// trusts.
    std::vector<std::string> authorities = {};
    bool operator==(const PublicationPlace&) const = default;
};

struct PublicationSettings {
    std::vector<PublicationPlace> places;
    std::vector<GatewaySettings> gateways;
    std::optional<StoreSettings> requests;  ///< where devices put requests for certificates
};

/// Reads the lists `publish` and `gateways` and the store `requests` of a mapping; all may be missing. Faults
/// go to `map`, whose other keys are the caller's to read and whose `finish` the caller calls. http:// to
/// others than loopback needs `insecure: true` beside it.
PublicationSettings read_publication(config::MapReader& map, const config::ConfigurationPaths& paths);

}  // namespace sallyport::pki
