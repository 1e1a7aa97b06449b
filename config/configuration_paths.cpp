#include "config/configuration_paths.h"

namespace sallyport::config {

std::string ConfigurationPaths::place(const YAML::Mark& mark) const {
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

std::filesystem::path ConfigurationPaths::resolve(const std::string& path) const {
    return std::filesystem::path(path).is_absolute() ? std::filesystem::path(path) : folder_ / path;
}

std::filesystem::path ConfigurationPaths::existing(MapReader& map, std::string_view key,
                                                   const Located& text) const {
    const auto path = resolve(text.text);
    std::error_code error;
    if (absence_ == Absence::fault && !text.text.empty() && !std::filesystem::exists(path, error)) {
        map.fault(text.mark, std::string(key) + ": " + path.string() + " does not exist");
    }
    return path;
}

std::vector<std::filesystem::path> ConfigurationPaths::existing_files(MapReader& map,
                                                                      std::string_view key) const {
    std::vector<std::filesystem::path> files;
    for (const Located& text : map.strings(key))
        files.push_back(existing(map, key, text));
    return files;
}

}  // namespace sallyport::config
