#include "gateway/admin_settings.h"

namespace sallyport::gateway {
namespace {

bool is_loopback(const std::string& host) {
    return host.starts_with("127.") || host == "::1";
}

}  // namespace

AdminSettings read_admin(config::MapReader& root, const ConfigurationPaths& paths) {
    AdminSettings settings;
    auto map = root.map("admin");
    if (!map) {
        root.fault("'admin' is missing");
        return settings;
    }
    const config::Located address = map->required_string("address");
    settings.address = read_address(*map, "address", address);
    AdminAccessSettings& access = settings.access;
    const auto certificate = map->string("certificate");
    const auto key = map->string("key");
    if (certificate.has_value() != key.has_value()) map->fault("certificate and key belong together");
    if (certificate) access.certificate = paths.existing(*map, "certificate", *certificate);
    if (key) access.key = paths.existing(*map, "key", *key);
    if (auto token = map->map("token")) {
        access.token = read_secret_source(*token, paths);
        token->finish();
    }
    const bool is_guarded = certificate && key && access.token.kind != SecretSource::Kind::none;
    if (!is_guarded && !settings.address.host.empty() && !is_loopback(settings.address.host)) {
        map->fault(address.mark,
                   "address: other machines reach the admin listener there; give it a loopback address, or "
                   "certificate, key and token");
    }
    map->finish();
    return settings;
}

}  // namespace sallyport::gateway
