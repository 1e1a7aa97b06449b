#include "gateway/access_key_loader.h"

#include "pki/file.h"

#include <cstdlib>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_file_bytes = 64U << 20U;

/// A file that was cut (a full disk, a crash of whoever wrote it) must not pass for a whole one: the
/// beginning of a key is another key.
pki::Result<std::string> whole_lines(pki::Result<std::string> text, const std::filesystem::path& file) {
    if (!text || text->empty() || text->ends_with('\n')) return text;
    pki::wipe(*text);
    return pki::Error{pki::Fault::input, file.string() + ": does not end with a line feed: is it whole?"};
}

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

pki::Result<std::string> read_secrets(const SecretSource& source) {
    const auto missing = [](std::string what) { return pki::Error{pki::Fault::input, std::move(what)}; };
    if (source.kind == SecretSource::Kind::environment) {
        const char* value = std::getenv(source.name.c_str());
        if (value == nullptr) return missing("the environment has no " + source.name);
        return std::string(value);
    }
    if (source.kind == SecretSource::Kind::credential) {
        // systemd.exec(5): the folder is for this service alone.
        const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
        if (folder == nullptr) return missing("CREDENTIALS_DIRECTORY is not set: no credentials of systemd");
        return pki::read_file(std::filesystem::path(folder) / source.name, max_file_bytes);
    }
    return whole_lines(pki::read_secret_file(source.file, max_file_bytes), source.file);
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
    const std::string origin = source.kind == SecretSource::Kind::file ? source.file.string() : source.name;
    auto text = read_secrets(source);
    if (!text) return load.fault("access_keys.secrets: " + text.error().message);
    snapshot.access_key_inputs += sha256(*text);
    auto secrets = parse_secrets(*text);
    pki::wipe(*text);
    if (!secrets) return load.fault(origin + ":" + secrets.error().message);
    snapshot.signing_keys = std::make_shared<const SigningKeys>(std::move(*secrets));
    check_secrets_of_all(*snapshot.access_keys, *snapshot.signing_keys, load);
    if (snapshot.settings.operators.configured() && !snapshot.access_keys->operators) {
        load.result.warnings.emplace_back(
            "access_keys: operators may use any key that has a secret here; name theirs in "
            "access_keys.operators");
    }
}

}  // namespace

void load_access_keys(Snapshot& snapshot, Load& load) {
    load_keys_of_devices(snapshot, load);
    load_signing_keys(snapshot, load);
}

}  // namespace sallyport::gateway
