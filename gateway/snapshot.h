#pragma once

#include "gateway/admission.h"
#include "gateway/rules/peer.h"
#include "gateway/rules/ramp.h"
#include "gateway/settings.h"
#include "gateway/signing_keys.h"
#include "gateway/store_signing.h"
#include "gateway/store_upstream.h"
#include "gateway/verdict_cache.h"
#include "pki/revocation_index_builder.h"
#include "pki/tls_server.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

class AdminAccess;

/// Those who issue the certificates of one kind of clients, and how these name them.
struct ClientAuthority {
    std::shared_ptr<const pki::TrustAnchors> trust;
    std::shared_ptr<const Identification> identification;
    std::string inputs;  ///< digests of the files
};

/// What one listener needs of a snapshot.
struct ListenerRules {
    std::string name;
    Mode mode = Mode::high;
    std::shared_ptr<const pki::TlsServer> tls;  ///< null with mode low
    std::string
        tls_inputs;  ///< digest of all that `tls` was made of: equal inputs share it, with its sessions
    std::shared_ptr<const Admission> admission;
    HostNames hosts;
    HostNames server_names;  ///< by which clients choose it among listeners of one address
    Ramp ramp;               ///< who is held to mode high already
    std::optional<std::chrono::sys_seconds> certificate_not_after;  ///< nothing with mode low
};

/// Everything that a decision depends on, loaded and checked together. Never changed once published, so that
/// certificate, CRL and policy cannot come from two different loads.
struct Snapshot {
    std::uint64_t generation = 0;  ///< 1 for the first; stands in every access-log line
    Settings settings;
    std::vector<ListenerRules> listeners;              ///< in the order of the configuration
    std::shared_ptr<const ClientAuthority> devices;    ///< null when no listener asks for their certificates
    std::shared_ptr<const ClientAuthority> operators;  ///< the same
    std::shared_ptr<const AccessKeys> access_keys;
    std::string access_key_inputs;                    ///< digests of the files and of the secrets
    std::shared_ptr<const SigningKeys> signing_keys;  ///< null: signatures are the store's matter
    std::shared_ptr<const AdminAccess> admin;
    std::shared_ptr<const StoreSigning> store_signing;  ///< null: the clients' signatures pass through
    pki::RevocationIndex revocation;
    /// Where requests go. The next snapshot has the same one unless its section or files have changed.
    std::shared_ptr<StoreUpstream> upstream;
    std::string inputs;  ///< digest of the configuration and of all certificates and keys that it names
    std::shared_ptr<VerdictCache> verdicts;  ///< of paths that were verified under this snapshot

    /// Dates and revocation of a peer that was let in earlier; nothing means it still is.
    std::optional<pki::ChainRefusal> recheck(const Peer& peer, std::chrono::sys_seconds now) const {
        return pki::recheck(peer.path, revocation, settings.revocation_requirement, now);
    }
};

/// The snapshot in force. Thread-safe.
class SnapshotStore {
  public:
    /// Take it once for each request, not for each connection: a device that a reload revokes must lose
    /// its next request.
    std::shared_ptr<const Snapshot> current() const {
        const std::lock_guard lock(mutex_);
        return current_;
    }

    /// The generation of `current()`; cheap enough for every block of a body.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

    /// Complete snapshots only; a load that fails never gets here and the old one stays.
    void publish(std::shared_ptr<const Snapshot> next) {
        const std::lock_guard lock(mutex_);
        generation_.store(next->generation, std::memory_order_release);
        current_.swap(next);  // the old one is destroyed after the lock is released
    }

  private:
    // Not std::atomic<std::shared_ptr>: ThreadSanitizer reports a race inside libstdc++ 12's.
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> current_;
    std::atomic<std::uint64_t> generation_{0};
};

/// What happened to one CRL during a load.
struct CrlOutcome {
    std::string issuer;  ///< RFC 2253; empty when it is nobody whom we know
    pki::CrlLoad result;

    bool operator==(const CrlOutcome&) const = default;
};

/// A CRL that this load brought into force, for the archive.
struct FreshCrl {
    pki::CrlFacts facts;
    std::string der;
};

/// The result of a load: a snapshot, or the faults that prevented it.
struct LoadedSnapshot {
    std::shared_ptr<const Snapshot> snapshot;  ///< null when there are faults
    std::vector<std::string> faults;           ///< one line each
    /// CRLs that could not be taken while an earlier list stays in force: the snapshot is sound without them.
    std::vector<std::string> alarms;
    std::vector<std::string> warnings;  ///< what an operator must mend soon
    std::vector<CrlOutcome> crls;
    std::vector<FreshCrl> fresh;

    bool brings_new_crl() const { return !fresh.empty(); }
    /// Is there anything that `previous` does not have? With alarms only what is new is worth publishing.
    bool differs_from(const Snapshot& previous) const {
        return snapshot && (brings_new_crl() || snapshot->inputs != previous.inputs);
    }
};

/// What a snapshot is built for. An explanation is wanted most when something is wrong: a CRL that cannot be
/// taken and a certificate that has expired are then alarms, as for a gateway that runs, not faults.
enum class Purpose { service, explanation };

/// Reads everything that `settings` names and cross-checks it. Parts that have not changed are taken over
/// from `previous` (may be null). Slow: never on a thread that serves connections.
LoadedSnapshot build_snapshot(Settings settings, const Snapshot* previous, std::chrono::sys_seconds now,
                              Purpose purpose = Purpose::service);

/// The previous snapshot with what its CRL sources say now: what a reload falls back to when the
/// configuration, a certificate or anything else that it names is faulty, so that such a fault never delays a
/// revocation.
LoadedSnapshot refresh_revocation(const Snapshot& previous, std::chrono::sys_seconds now);

}  // namespace sallyport::gateway
