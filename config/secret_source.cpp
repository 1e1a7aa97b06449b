#include "config/secret_source.h"

#include <utility>

namespace sallyport::config {

using Kind = SecretSource::Kind;

SecretSource read_secret_source(MapReader& map, const ConfigurationPaths& paths) {
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

}  // namespace sallyport::config
