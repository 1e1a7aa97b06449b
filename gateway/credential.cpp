#include "gateway/credential.h"

#include "pki/file.h"

#include <cstdlib>

namespace sallyport::gateway {
namespace {

constexpr const char* variable = "CREDENTIALS_DIRECTORY";

}  // namespace

std::filesystem::path read_file_or_credential(config::MapReader& map, std::string_view key,
                                              const ConfigurationPaths& paths) {
    if (!map.has_map(key)) return paths.existing(map, key, map.required_string(key));
    auto source = map.map(key);
    const config::Located name = source->required_string("credential");
    source->finish();
    if (!name.text.empty() && name.text.find('/') != std::string::npos)
        source->fault(name.mark, "credential: '" + name.text + "' is no name");
    const char* const folder = std::getenv(variable);
    // Without systemd the message of whoever reads it says what is missing.
    return std::filesystem::path(folder == nullptr ? std::string("$") + variable : folder) / name.text;
}

pki::Result<std::string> read_key_text(const std::filesystem::path& path, std::size_t max_bytes) {
    const char* const folder = std::getenv(variable);
    const bool is_credential = folder != nullptr && path.parent_path() == std::filesystem::path(folder);
    return is_credential ? pki::read_file(path, max_bytes) : pki::read_secret_file(path, max_bytes);
}

}  // namespace sallyport::gateway
