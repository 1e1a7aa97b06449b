#include "gateway/snapshot.h"

#include "gateway/crl_loader.h"
#include "gateway/listener_loader.h"
#include "gateway/store_loader.h"
#include "gateway/trust_loader.h"
#include "pki/file.h"

#include <cstdlib>

#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

/// About 4 MiB when all places are taken.
constexpr std::size_t remembered_verdicts = 8192;
constexpr std::size_t max_key_file_bytes = 64U << 20U;

/// All that may issue clients, and sign CRLs about them.
std::vector<X509*> authorities_of(const Snapshot& snapshot) {
    std::vector<X509*> all;
    for (const auto& authority : {snapshot.devices, snapshot.operators}) {
        if (!authority) continue;
        const auto its_own = authority->trust->authorities();
        all.insert(all.end(), its_own.begin(), its_own.end());
    }
    return all;
}

std::string digest_of_inputs(const Snapshot& snapshot) {
    const auto configuration = pki::read_file(snapshot.settings.file, max_pem_bytes);
    std::string inputs = configuration ? sha256(*configuration) : "";
    for (const auto& authority : {snapshot.devices, snapshot.operators})
        inputs += authority ? sha256(authority->inputs) : "";
    for (const ListenerRules& listener : snapshot.listeners)
        inputs += listener.tls_inputs;
    inputs += snapshot.access_key_inputs;
    if (snapshot.upstream) inputs += snapshot.upstream->tls_inputs();
    return sha256(inputs);
}

/// False when there are faults.
bool load_authorities(Snapshot& snapshot, Load& load) {
    const std::size_t faults = load.result.faults.size();
    const Settings& settings = snapshot.settings;
    if (settings.devices.configured()) snapshot.devices = load_authority(settings.devices, "devices", load);
    if (settings.operators.configured())
        snapshot.operators = load_authority(settings.operators, "operators", load);
    if (snapshot.devices && snapshot.operators) check_apart(*snapshot.devices, *snapshot.operators, load);
    return load.result.faults.size() == faults;
}

void load_access_keys(Snapshot& snapshot, Load& load) {
    const AccessKeySettings& settings = snapshot.settings.access_keys;
    auto keys = std::make_shared<AccessKeys>(settings.keys);
    snapshot.access_keys = keys;
    if (settings.devices_file.empty()) return;
    const auto text = pki::read_file(settings.devices_file, max_key_file_bytes);
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
        return pki::read_file(std::filesystem::path(folder) / source.name, max_key_file_bytes);
    }
    return pki::read_secret_file(source.file, max_key_file_bytes);
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

LoadedSnapshot finish(Load& load, std::shared_ptr<Snapshot> snapshot) {
    if (load.result.faults.empty()) load.result.snapshot = std::move(snapshot);
    return std::move(load.result);
}

}  // namespace

std::string sha256(std::string_view bytes) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
    return {reinterpret_cast<const char*>(digest), sizeof digest};
}

LoadedSnapshot refresh_revocation(const Snapshot& previous, std::chrono::sys_seconds now) {
    Load load{&previous, now, Purpose::service, {}};
    auto snapshot = std::make_shared<Snapshot>(previous);
    snapshot->verdicts = std::make_shared<VerdictCache>(remembered_verdicts);
    ++snapshot->generation;
    if (const auto authorities = authorities_of(*snapshot); !authorities.empty())
        snapshot->revocation = load_revocation(snapshot->settings, authorities, load);
    return finish(load, std::move(snapshot));
}

LoadedSnapshot build_snapshot(Settings settings, const Snapshot* previous, std::chrono::sys_seconds now,
                              Purpose purpose) {
    Load load{previous, now, purpose, {}};
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->settings = std::move(settings);
    snapshot->generation = previous == nullptr ? 1 : previous->generation + 1;
    snapshot->verdicts = std::make_shared<VerdictCache>(remembered_verdicts);
    load_access_keys(*snapshot, load);
    load_signing_keys(*snapshot, load);
    snapshot->upstream = load_store(snapshot->settings.store, load);
    if (load_authorities(*snapshot, load)) {
        if (const auto authorities = authorities_of(*snapshot); !authorities.empty())
            snapshot->revocation = load_revocation(snapshot->settings, authorities, load);
        for (const ListenerSettings& listener : snapshot->settings.listeners) {
            if (auto rules = load_listener(listener, *snapshot, load))
                snapshot->listeners.push_back(std::move(*rules));
        }
    }
    snapshot->inputs = digest_of_inputs(*snapshot);
    return finish(load, std::move(snapshot));
}

}  // namespace sallyport::gateway
