#pragma once

#include "config/configuration_paths.h"

#include <filesystem>
#include <string>

namespace sallyport::config {

/// Where secrets come from.
struct SecretSource {
    enum class Kind { none, file, environment, credential } kind = Kind::none;
    std::string name = {};            ///< of a variable, or of one of systemd's credentials
    std::filesystem::path file = {};  ///< which only its owner may read

    /// For messages.
    std::string origin() const { return kind == Kind::file ? file.string() : name; }
    bool operator==(const SecretSource&) const = default;
};

/// One of the keys `file`, `environment` and `credential` of a mapping.
SecretSource read_secret_source(MapReader& map, const ConfigurationPaths& paths);

}  // namespace sallyport::config
