#include "gateway/access_key_loader.h"

#include "pki/file.h"

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_file_bytes = 64U << 20U;

void load_keys_of_devices(Snapshot& snapshot, Load& load) {
    const AccessKeySettings& settings = snapshot.settings.access_keys;
    auto keys = std::make_shared<AccessKeys>(settings.keys);
    snapshot.access_keys = keys;
    if (settings.devices_file.empty()) return;
    const auto text =
        whole_lines(pki::read_file(settings.devices_file, max_file_bytes), settings.devices_file);
    if (!text) return load.fault(text.error().message);
    snapshot.access_key_inputs = sha256(*text);
    const Identification identification(snapshot.settings.devices.identity);
    auto devices = parse_device_keys(*text, [&](std::string_view id) { return identification.is_id(id); });
    if (!devices) return load.fault(settings.devices_file.string() + ":" + devices.error().message);
    keys->devices = std::move(*devices);
    for (const auto& [device, its_own] : keys->devices)
        keys->known.insert(its_own.begin(), its_own.end());
}

/// Whoever may use a key must be able to.
void check_secrets_of_all(const AccessKeys& keys, const SigningKeys& signing_keys, Load& load) {
    KeySet all = keys.known;
    if (keys.operators) all.insert(keys.operators->begin(), keys.operators->end());
    for (const std::string& key : all) {
        if (!signing_keys.has(key))
            return load.fault("access_keys.secrets: access key " + key +
                              " may be used, but has no secret there");
    }
}

void load_signing_keys(Snapshot& snapshot, Load& load) {
    const SecretSource& source = snapshot.settings.access_keys.secrets;
    if (source.kind == SecretSource::Kind::none) return;
    auto text = read_secret_text(source);
    if (!text) return load.fault("access_keys.secrets: " + text.error().message);
    snapshot.access_key_inputs += sha256(*text);
    auto secrets = parse_secrets(*text);
    pki::wipe(*text);
    if (!secrets) return load.fault(source.origin() + ":" + secrets.error().message);
    snapshot.signing_keys = std::make_shared<const SigningKeys>(std::move(*secrets));
    check_secrets_of_all(*snapshot.access_keys, *snapshot.signing_keys, load);
    if (snapshot.settings.operators.configured() && !snapshot.access_keys->operators) {
        load.result.warnings.emplace_back(
            "access_keys: operators may use any key that has a secret here; name theirs in "
            "access_keys.operators");
    }
}

void load_keys_of_store(Snapshot& snapshot, Load& load) {
    const auto& settings = snapshot.settings.store.resign;
    if (!settings) return;
    auto loaded = load_store_signing(*settings, snapshot.access_key_inputs);
    if (!loaded) return load.fault(loaded.error().message);
    snapshot.store_signing = std::move(*loaded);
}

}  // namespace

void load_access_keys(Snapshot& snapshot, Load& load) {
    load_keys_of_devices(snapshot, load);
    load_signing_keys(snapshot, load);
    load_keys_of_store(snapshot, load);
}

}  // namespace sallyport::gateway
