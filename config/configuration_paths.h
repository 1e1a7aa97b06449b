#pragma once

#include "config/yaml_reader.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

/// What a path that names nothing is.
enum class Absence { fault, allowed };

/// Paths in a configuration are relative to its folder.
class ConfigurationPaths {
  public:
    explicit ConfigurationPaths(const std::filesystem::path& file, Absence absence = Absence::fault)
        : file_(file.string()),
          folder_(file.has_parent_path() ? file.parent_path() : "."),
          absence_(absence) {}

    /// "file:line:column", for faults that show only when more is read than the configuration.
    std::string place(const YAML::Mark& mark) const;

    std::filesystem::path resolve(const std::string& path) const;

    /// A path that must exist now, unless absence is allowed: a typing error is told with its place.
    std::filesystem::path existing(MapReader& map, std::string_view key, const Located& text) const;

    std::vector<std::filesystem::path> existing_files(MapReader& map, std::string_view key) const;

  private:
    std::string file_;
    std::filesystem::path folder_;
    Absence absence_;
};

}  // namespace sallyport::config
