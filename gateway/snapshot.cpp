#include "gateway/snapshot.h"

#include "gateway/crl_archive.h"
#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"

#include <algorithm>

#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_pem_bytes = 1U << 20U;
/// About 4 MiB when all places are taken.
constexpr std::size_t remembered_verdicts = 8192;

std::string sha256(std::string_view bytes) {
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
    return {reinterpret_cast<const char*>(digest), sizeof digest};
}

class SnapshotBuilder {
  public:
    SnapshotBuilder(Settings settings, const Snapshot* previous, std::chrono::sys_seconds now,
                    Purpose purpose = Purpose::service)
        : previous_(previous), now_(now), purpose_(purpose), snapshot_(std::make_shared<Snapshot>()) {
        snapshot_->settings = std::move(settings);
        snapshot_->generation = previous == nullptr ? 1 : previous->generation + 1;
        snapshot_->verdicts = std::make_shared<VerdictCache>(remembered_verdicts);
    }

    LoadedSnapshot build() {
        snapshot_->identification =
            std::make_shared<const DeviceIdentification>(snapshot_->settings.identity);
        const bool knows_devices = !snapshot_->settings.trust.empty();
        if (knows_devices) load_trust();
        if (snapshot_->trust) load_crls();
        if (snapshot_->trust || !knows_devices) {
            for (const auto& listener : snapshot_->settings.listeners)
                load_listener(listener);
        }
        snapshot_->inputs = digest_of_inputs();
        if (result_.faults.empty()) result_.snapshot = std::move(snapshot_);
        return std::move(result_);
    }

    /// The previous snapshot with what its CRL sources say now.
    LoadedSnapshot refresh() {
        auto verdicts = std::move(snapshot_->verdicts);
        *snapshot_ = *previous_;
        snapshot_->verdicts = std::move(verdicts);
        ++snapshot_->generation;
        if (snapshot_->trust) load_crls();
        if (result_.faults.empty()) result_.snapshot = std::move(snapshot_);
        return std::move(result_);
    }

  private:
    /// A CRL that was taken from a file, as long as it is not known whether it wins.
    struct Offered {
        std::string sha256;
        std::string der;
    };

    std::string digest_of_inputs() const {
        const auto configuration = pki::read_file(snapshot_->settings.file, max_pem_bytes);
        std::string inputs = configuration ? sha256(*configuration) : "";
        inputs += sha256(trust_inputs_);
        for (const ListenerRules& listener : snapshot_->listeners)
            inputs += listener.tls_inputs;
        return sha256(inputs);
    }

    void fault(std::string line) { result_.faults.push_back(std::move(line)); }
    bool is_start() const { return previous_ == nullptr && purpose_ == Purpose::service; }
    /// What time alone brings about stops a start, but not the reload of a gateway that runs.
    void aged(std::string line) {
        (is_start() ? result_.faults : result_.warnings).push_back(std::move(line));
    }

    std::vector<pki::CertificatePtr> load_certificates(const std::vector<std::filesystem::path>& files) {
        std::vector<pki::CertificatePtr> all;
        for (const auto& file : files) {
            const auto pem = pki::read_file(file, max_pem_bytes);
            if (!pem) {
                fault(pem.error().message);
                continue;
            }
            auto certificates = pki::parse_certificates(*pem, file.string());
            if (!certificates) {
                fault(certificates.error().message);
                continue;
            }
            trust_inputs_ += sha256(*pem);
            for (auto& certificate : *certificates) {
                const auto dates = pki::validity(*certificate);
                if (!dates || dates->not_after < now_) {
                    aged(file.string() + ": " + pki::name_text(*X509_get_subject_name(certificate.get())) +
                         " has expired; take it out or replace it");
                }
                all.push_back(std::move(certificate));
            }
        }
        return all;
    }

    void load_trust() {
        auto anchors = load_certificates(snapshot_->settings.trust);
        trust_inputs_ += '|';
        auto intermediates = load_certificates(snapshot_->settings.intermediates);
        if (!result_.faults.empty()) return;
        auto trust = pki::TrustAnchors::create(std::move(anchors), std::move(intermediates),
                                               snapshot_->settings.leaf_rules);
        if (!trust) return fault(trust.error().message);
        snapshot_->trust = std::make_shared<const pki::TrustAnchors>(std::move(*trust));
    }

    /// A folder stands for its files, in the order of their names; hidden ones are being written.
    std::vector<std::filesystem::path> files_of(const std::filesystem::path& source) {
        std::error_code error;
        if (!std::filesystem::is_directory(source, error)) return {source};
        std::vector<std::filesystem::path> files;
        std::filesystem::directory_iterator at(source, error);
        for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
            if (!at->path().filename().string().starts_with('.')) files.push_back(at->path());
        }
        if (error) {  // half a folder must not pass for a whole one
            result_.crls.push_back({"", pki::CrlLoad::fetch_error});
            crl_problems_->push_back(source.string() + ": cannot list it: " + error.message());
        }
        std::ranges::sort(files);
        return files;
    }

    /// What was in force before: in this process, or at a start what the archive remembers.
    const pki::RevocationIndex& remembered() {
        if (previous_ != nullptr) return previous_->revocation;
        if (snapshot_->settings.state.empty()) return archived_;
        const CrlArchive archive(snapshot_->settings.state);
        if (purpose_ == Purpose::service) {
            if (const auto prepared = archive.prepare(); !prepared) fault(prepared.error().message);
        }
        pki::RevocationIndexBuilder builder(snapshot_->trust->authorities(), snapshot_->settings.ladder,
                                            nullptr);
        for (const auto& kept : archive.load(snapshot_->settings.limits.crl_bytes, result_.alarms)) {
            const auto added = builder.add(kept.file.string(), as_bytes(kept.der));
            if (!added) result_.alarms.push_back(kept.file.string() + ": " + added.error().message);
        }
        archived_ = builder.finish().index;
        return archived_;
    }

    void load_crls() {
        const Settings& settings = snapshot_->settings;
        const pki::RevocationIndex& before = remembered();
        pki::ShrinkGuard guard{settings.longest_lifetime, {}, now_};
        if (!settings.state.empty()) guard.accepted = CrlArchive(settings.state).accepted();
        pki::RevocationIndexBuilder builder(snapshot_->trust->authorities(), settings.ladder, &before, guard);
        // While something is in force, a CRL that cannot be taken changes nothing but an alarm.
        crl_problems_ = before.lists().empty() && is_start() ? &result_.faults : &result_.alarms;
        std::vector<Offered> offered;
        for (const auto& source : settings.crl_sources) {
            for (const auto& file : files_of(source))
                load_crl_file(file, builder, offered);
        }
        auto finished = builder.finish();
        snapshot_->revocation = std::move(finished.index);
        for (const auto& refused : finished.refused) {
            result_.crls.push_back({refused.error.issuer, refused.error.result});
            crl_problems_->push_back(refused.origin + ": " + refused.error.message);
        }
        for (const pki::CrlFacts& lost : finished.unoffered) {
            result_.crls.push_back({lost.issuer_name, pki::CrlLoad::fetch_error});
            crl_problems_->push_back(
                "revocation.sources: no CRL of " + lost.issuer_name +
                (lost.point_text.empty() ? "" : " for distribution point " + lost.point_text) +
                " is there any more; number " + lost.number + " (" + lost.origin + ") stays in force");
        }
        const auto crls = snapshot_->revocation.crls();
        if (crls.empty() && result_.faults.empty() && purpose_ == Purpose::service) {
            fault("revocation.sources: no CRL found; without one every device is refused");
        }
        for (Offered& crl : offered) {
            const auto found = std::ranges::find(crls, crl.sha256, &pki::CrlFacts::sha256);
            if (found != crls.end()) result_.fresh.push_back({**found, std::move(crl.der)});
        }
    }

    static pki::Bytes as_bytes(std::string_view der) {
        return {reinterpret_cast<const std::uint8_t*>(der.data()), der.size()};
    }

    void load_crl_file(const std::filesystem::path& file, pki::RevocationIndexBuilder& builder,
                       std::vector<Offered>& offered) {
        const auto refused = [&](pki::CrlLoad result, const std::string& detail,
                                 const std::string& issuer = "") {
            result_.crls.push_back({issuer, result});
            crl_problems_->push_back(detail.starts_with(file.string()) ? detail
                                                                       : file.string() + ": " + detail);
        };
        auto content = pki::read_file(file, snapshot_->settings.limits.crl_bytes);
        if (!content) {
            const bool large = content.error().message.find("larger than") != std::string::npos;
            return refused(large ? pki::CrlLoad::too_large : pki::CrlLoad::fetch_error,
                           content.error().message);
        }
        auto crls = pki::split_crl_file(std::move(*content));
        if (!crls) return refused(crls.error().result, crls.error().message);
        for (std::string& der : *crls) {
            const auto added = builder.add(file.string(), as_bytes(der));
            if (!added) {
                refused(added.error().result, added.error().message, added.error().issuer);
                continue;
            }
            result_.crls.push_back({added->issuer, added->result});
            const bool archive_is_new =
                previous_ != nullptr && previous_->settings.state != snapshot_->settings.state;
            if (added->result == pki::CrlLoad::loaded || archive_is_new)
                offered.push_back({added->sha256, std::move(der)});
        }
    }

    void load_listener(const ListenerSettings& settings) {
        ListenerRules rules;
        rules.name = settings.name;
        rules.mode = settings.mode;
        rules.admission = admission(settings.mode);
        rules.hosts = settings.hosts;
        if (settings.mode == Mode::low) {
            result_.warnings.push_back("listener " + settings.name +
                                       ": mode low sends data and credentials in the clear");
        } else if (!load_tls(settings, rules)) {
            return;
        }
        snapshot_->listeners.push_back(std::move(rules));
    }

    /// The server certificates, and what the TLS side is made of. False when there are faults.
    bool load_tls(const ListenerSettings& settings, ListenerRules& rules) {
        std::vector<pki::ServerIdentity> identities;
        std::string inputs;
        const std::size_t faults = result_.faults.size();
        for (const CertificateFiles& files : settings.certificates) {
            auto identity = load_identity(files, settings, inputs);
            if (identity) identities.push_back(std::move(*identity));
        }
        if (result_.faults.size() > faults) return false;
        for (const pki::ServerIdentity& identity : identities) {
            const auto not_after = pki::validity(identity.certificate())->not_after;
            rules.certificate_not_after =
                std::min(rules.certificate_not_after.value_or(not_after), not_after);
            if (!settings.hosts.empty()) continue;
            for (std::string& name : pki::server_names(identity.certificate()))
                rules.hosts.push_back(std::move(name));
        }
        if (rules.hosts.empty()) {
            fault(settings.certificates.front().chain.string() +
                  ": the certificate names no host; give listeners[].hosts");
            return false;
        }
        const Limits& limits = snapshot_->settings.limits;
        rules.tls_inputs = sha256(settings.name + '|' + inputs + rules.admission +
                                  std::to_string(static_cast<int>(settings.profile)) + '|' +
                                  std::to_string(limits.tls_sessions) + '|' +
                                  std::to_string(limits.tls_session_lifetime.count()));
        rules.tls = unchanged_tls(rules);
        if (!rules.tls) rules.tls = make_tls(settings, rules, std::move(identities));
        return rules.tls != nullptr;
    }

    /// Adds digests of what it reads to `inputs`.
    std::optional<pki::ServerIdentity> load_identity(const CertificateFiles& files,
                                                     const ListenerSettings& settings, std::string& inputs) {
        const auto failed = [&](std::string line) {
            fault(std::move(line));
            return std::nullopt;
        };
        const auto chain_pem = pki::read_file(files.chain, max_pem_bytes);
        if (!chain_pem) return failed(chain_pem.error().message);
        auto key_pem = pki::read_secret_file(files.key, max_pem_bytes);
        if (!key_pem) return failed(key_pem.error().message);
        auto key = pki::parse_private_key(*key_pem, files.key.string());
        inputs += sha256(*chain_pem) + sha256(*key_pem);
        pki::wipe(*key_pem);
        auto chain = pki::parse_certificates(*chain_pem, files.chain.string());
        if (!chain) return failed(chain.error().message);
        if (!key) return failed(key.error().message);
        if (!check_server_certificate(*chain->front(), files, settings.profile)) return std::nullopt;
        auto identity = pki::ServerIdentity::create(std::move(*chain), std::move(*key),
                                                    files.key.string() + " with " + files.chain.string());
        if (!identity) return failed(identity.error().message);
        if (settings.profile != pki::TlsProfile::modern) {
            for (std::string& warning : identity->warnings())
                result_.warnings.push_back(std::move(warning));
        }
        return std::move(*identity);
    }

    std::shared_ptr<const pki::TlsServer> make_tls(const ListenerSettings& settings,
                                                   const ListenerRules& rules,
                                                   std::vector<pki::ServerIdentity> identities) {
        const bool asks = settings.mode == Mode::high;
        const Limits& limits = snapshot_->settings.limits;
        // What admits belongs to the scope: a session that was made under other anchors must not resume.
        auto made = pki::TlsServer::create(
            {settings.profile, asks, std::move(identities), asks ? snapshot_->trust : nullptr,
             settings.name + rules.admission, limits.tls_sessions,
             std::chrono::duration_cast<std::chrono::seconds>(limits.tls_session_lifetime)});
        if (made) return *made;
        fault("listener " + settings.name + ": " + made.error().message);
        return nullptr;
    }

    /// Digest of what a client must be to be let in at all.
    std::string admission(Mode mode) const {
        if (mode != Mode::high) return sha256(to_string(mode));
        const IdentityRule& rule = snapshot_->settings.identity;
        return sha256(sha256(trust_inputs_) + sha256(rule.san_uri_prefix) + sha256(rule.pattern) +
                      (rule.common_name ? "1" : "0") +
                      (snapshot_->settings.leaf_rules.allow_missing_extended_key_usage ? "1" : "0"));
    }

    bool check_server_certificate(const X509& certificate, const CertificateFiles& files,
                                  pki::TlsProfile profile) {
        const std::string file = files.chain.string();
        const auto dates = pki::validity(certificate);
        std::string problem;
        if (!dates) {
            problem = dates.error().message;
        } else if (dates->not_after < now_) {
            aged(file + ": the server certificate has expired; devices do not trust it");
        } else if (dates->not_before > now_) {
            problem = "the server certificate is not valid yet; devices do not trust it";
        } else if (profile != pki::TlsProfile::modern &&
                   EVP_PKEY_get_base_id(X509_get0_pubkey(&certificate)) != EVP_PKEY_RSA) {
            problem =
                "devices cannot connect to a server certificate without an RSA key; use one, or the profile "
                "modern";
        }
        if (!problem.empty()) fault(file + ": " + problem);
        return problem.empty();
    }

    std::shared_ptr<const pki::TlsServer> unchanged_tls(const ListenerRules& rules) const {
        if (previous_ == nullptr) return nullptr;
        const auto same = [&](const auto& old) {
            return old.name == rules.name && old.tls_inputs == rules.tls_inputs;
        };
        const auto found = std::ranges::find_if(previous_->listeners, same);
        return found == previous_->listeners.end() ? nullptr : found->tls;
    }

    const Snapshot* previous_;
    std::chrono::sys_seconds now_;
    Purpose purpose_;
    std::shared_ptr<Snapshot> snapshot_;
    std::string trust_inputs_;
    pki::RevocationIndex archived_;
    std::vector<std::string>* crl_problems_ = nullptr;
    LoadedSnapshot result_;
};

}  // namespace

LoadedSnapshot refresh_revocation(const Snapshot& previous, std::chrono::sys_seconds now) {
    return SnapshotBuilder(previous.settings, &previous, now).refresh();
}

LoadedSnapshot build_snapshot(Settings settings, const Snapshot* previous, std::chrono::sys_seconds now,
                              Purpose purpose) {
    return SnapshotBuilder(std::move(settings), previous, now, purpose).build();
}

}  // namespace sallyport::gateway
