#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/rules/access_keys.h"

#include <filesystem>

namespace sallyport::gateway {

/// Section `access_keys`: which keys clients may sign with.
struct AccessKeySettings {
    bool present = false;
    AccessKeys keys;                     ///< without those of devices, which stand in a file
    std::filesystem::path devices_file;  ///< empty: none; read with the snapshot
};

/// Faults go to `root`.
AccessKeySettings read_access_keys(config::MapReader& root, const ConfigurationPaths& paths);

}  // namespace sallyport::gateway
