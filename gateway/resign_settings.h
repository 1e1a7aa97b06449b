#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/rules/store_target.h"
#include "gateway/secret_source.h"

#include <string>

namespace sallyport::gateway {

struct StoreUrl;

/// Section `store.resign`: requests go to the store with a signature of ours.
struct ResignSettings {
    StoreAddressing addressing;
    SecretSource credentials;
    std::string profile = "default";  ///< of a file in the form of shared credentials files
    bool operator==(const ResignSettings&) const = default;
};

/// Faults go to `map`. `store` is the first endpoint; null when there is none, which is a fault elsewhere.
ResignSettings read_resign(config::MapReader& map, const ConfigurationPaths& paths, const StoreUrl* store);

}  // namespace sallyport::gateway
