#pragma once

#include "gateway/secret_source.h"
#include "gateway/socket_address.h"

#include <filesystem>

namespace sallyport::gateway {

/// How the admin listener proves itself, and who may ask it. Reloadable.
struct AdminAccessSettings {
    std::filesystem::path certificate;  ///< with its chain; empty: plain HTTP
    std::filesystem::path key;
    SecretSource token;  ///< none: whoever reaches the address may ask

    bool guarded() const { return !certificate.empty() || token.kind != SecretSource::Kind::none; }
};

struct AdminSettings {
    SocketAddress address;  // restart-only
    AdminAccessSettings access;
};

/// Section `admin`. An address that other machines reach needs certificate, key and token. Faults go to
/// `root`.
AdminSettings read_admin(config::MapReader& root, const ConfigurationPaths& paths);

}  // namespace sallyport::gateway
