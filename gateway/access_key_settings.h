#pragma once

#include "gateway/configuration_paths.h"
#include "gateway/rules/access_keys.h"
#include "gateway/secret_source.h"

#include <chrono>
#include <filesystem>
#include <string>

namespace sallyport::gateway {

/// Section `access_keys`: which keys clients may sign with, and what their signatures are checked with.
struct AccessKeySettings {
    bool present = false;
    AccessKeys keys;                     ///< without those of devices, which stand in a file
    std::filesystem::path devices_file;  ///< empty: none; read with the snapshot
    SecretSource secrets = {};           ///< none: the store alone checks signatures
    std::string region = {};             ///< that signatures must be for; empty: any
    std::chrono::seconds clock_skew{0};  ///< that clocks may differ by
};

/// Faults go to `root`.
AccessKeySettings read_access_keys(config::MapReader& root, const ConfigurationPaths& paths);

}  // namespace sallyport::gateway
