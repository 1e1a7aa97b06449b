#include "gateway/snapshot.h"

#include "gateway/access_key_loader.h"
#include "gateway/admin_access.h"
#include "gateway/crl_loader.h"
#include "gateway/listener_loader.h"
#include "gateway/store_loader.h"
#include "gateway/trust_loader.h"
#include "pki/file.h"

#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

/// About 4 MiB when all places are taken.
constexpr std::size_t remembered_verdicts = 8192;

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
    if (snapshot.admin) inputs += sha256(snapshot.admin->inputs());
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

/// Null when there are faults.
std::shared_ptr<const AdminAccess> load_admin_access(const AdminAccessSettings& settings, Load& load) {
    auto access = AdminAccess::load(settings);
    if (access) return std::move(*access);
    load.fault("admin: " + access.error().message);
    return nullptr;
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
    snapshot->admin = load_admin_access(snapshot->settings.admin.access, load);
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
