#include "gateway/access_key_settings.h"

#include "s3/credentials.h"

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

KeySet read_keys(config::MapReader& map, std::string_view name) {
    KeySet keys;
    for (const config::Located& text : map.strings(name)) {
        if (const auto key = s3::AccessKey::parse(text.text); !key)
            map.fault(text.mark, std::string(name) + ": " + key.error().message);
        keys.insert(text.text);
    }
    return keys;
}

}  // namespace

AccessKeySettings read_access_keys(config::MapReader& root, const ConfigurationPaths& paths) {
    AccessKeySettings settings;
    auto map = root.map("access_keys");
    if (!map) return settings;
    settings.present = true;
    settings.keys.bound = true;
    settings.keys.fleet = read_keys(*map, "fleet");
    settings.keys.known = settings.keys.fleet;
    if (map->has("operators")) settings.keys.operators = read_keys(*map, "operators");
    if (const auto file = map->string("devices"))
        settings.devices_file = paths.existing(*map, "devices", *file);
    if (auto secrets = map->map("secrets")) {
        settings.secrets = read_secret_source(*secrets, paths);
        secrets->finish();
    }
    const auto region = map->string("region");
    if (region) settings.region = region->text;
    const bool has_skew = map->has("clock_skew");
    settings.clock_skew =
        std::chrono::duration_cast<std::chrono::seconds>(map->duration("clock_skew", 15min, 1s, 24h));
    if (settings.secrets.kind == SecretSource::Kind::none && (region || has_skew))
        map->fault("region and clock_skew count with secrets only");
    if (settings.keys.fleet.empty() && settings.devices_file.empty() && !settings.keys.operators)
        map->fault("at least one of fleet, devices and operators is needed");
    map->finish();
    return settings;
}

}  // namespace sallyport::gateway
