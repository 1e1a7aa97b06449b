#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/rules/identity.h"

#include <filesystem>
#include <vector>

namespace sallyport::gateway {

/// Sections `devices` and `operators`: who issues the certificates of one kind of clients.
struct ClientAuthoritySettings {
    std::vector<std::filesystem::path> trust;
    std::vector<std::filesystem::path> intermediates;
    IdentityRule identity;
    bool allow_missing_extended_key_usage = false;

    bool configured() const { return !trust.empty(); }
};

/// Faults go to `map`. `identity` is the default of its section.
ClientAuthoritySettings read_authority(config::MapReader& map, const ConfigurationPaths& paths,
                                       IdentityRule identity);

/// An operator's name is the certificate's common name; it can be no path.
IdentityRule default_operator_identity();

}  // namespace sallyport::gateway
