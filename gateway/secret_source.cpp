#include "gateway/secret_source.h"

#include "pki/file.h"

#include <cstdlib>
#include <utility>

namespace sallyport::gateway {
namespace {

using Kind = SecretSource::Kind;

constexpr std::size_t max_file_bytes = 64U << 20U;

pki::Error missing(std::string what) {
    return {pki::Fault::input, std::move(what)};
}

}  // namespace

SecretSource read_secret_source(config::MapReader& map, const ConfigurationPaths& paths) {
    SecretSource source;
    int given = 0;
    if (const auto file = map.string("file")) {
        source = {Kind::file, "", paths.existing(map, "file", *file)};
        ++given;
    }
    for (const auto& [key, kind] :
         {std::pair("environment", Kind::environment), {"credential", Kind::credential}}) {
        const auto name = map.string(key);
        if (!name) continue;
        const bool is_name = !name->text.empty() && name->text.find('/') == std::string::npos;
        if (!is_name) map.fault(name->mark, std::string(key) + ": '" + name->text + "' is no name");
        source = {kind, name->text, ""};
        ++given;
    }
    if (given != 1) map.fault("one of file, environment and credential is needed");
    return source;
}

pki::Result<std::string> whole_lines(pki::Result<std::string> text, const std::filesystem::path& file) {
    if (!text || text->empty() || text->ends_with('\n')) return text;
    pki::wipe(*text);
    return missing(file.string() + ": does not end with a line feed: is it whole?");
}

pki::Result<std::string> environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return missing("the environment has no " + name);
    return std::string(value);
}

pki::Result<std::string> read_secret_text(const SecretSource& source) {
    if (source.kind == Kind::environment) return environment_variable(source.name);
    if (source.kind == Kind::credential) {
        // systemd.exec(5): the folder is for this service alone.
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr) return missing("CREDENTIALS_DIRECTORY is not set: no credentials of systemd");
        return pki::read_file(std::filesystem::path(folder) / source.name, max_file_bytes);
    }
    return whole_lines(pki::read_secret_file(source.file, max_file_bytes), source.file);
}

}  // namespace sallyport::gateway
