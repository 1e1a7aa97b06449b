#include "gateway/listener_loader.h"

#include "gateway/certificate_and_key.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/pkcs7.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

class ListenerLoader {
  public:
    ListenerLoader(const ListenerSettings& settings, const Snapshot& snapshot, Load& load)
        : settings_(settings), snapshot_(snapshot), load_(load) {}

    std::optional<ListenerRules> load() {
        ListenerRules rules;
        rules.name = settings_.name;
        rules.mode = settings_.mode;
        rules.admission = admission();
        rules.hosts = settings_.hosts;
        rules.server_names = settings_.server_names;
        rules.ramp = settings_.ramp;
        if (settings_.mode == Mode::low) {
            warn("mode low sends data and credentials in the clear");
        } else if (!load_tls(rules)) {
            return std::nullopt;
        }
        return rules;
    }

  private:
    void warn(std::string_view what) {
        load_.result.warnings.push_back("listener " + settings_.name + ": " + std::string(what));
    }

    std::shared_ptr<const Admission> admission() {
        Admission made;
        made.certificate = settings_.client_certificate();
        std::string inputs{to_string(settings_.mode)};
        if (made.asks()) {
            const bool devices = settings_.clients == ClientKind::devices;
            const ClientAuthority& authority = devices ? *snapshot_.devices : *snapshot_.operators;
            const auto& rules = devices ? snapshot_.settings.devices : snapshot_.settings.operators;
            made.kind = settings_.clients;
            made.trust = authority.trust;
            made.identification = authority.identification;
            const auto& others = devices ? snapshot_.operators : snapshot_.devices;
            made.leaf_rules = {rules.allow_missing_extended_key_usage, settings_.minimum_key_bits,
                               others ? others->trust : nullptr};
            if (others) inputs += sha256(others->inputs);
            inputs += sha256(authority.inputs) + sha256(rules.identity.san_uri_prefix) +
                      sha256(rules.identity.pattern) + (rules.identity.common_name ? "1" : "0") +
                      (rules.allow_missing_extended_key_usage ? "1" : "0") +
                      std::to_string(settings_.minimum_key_bits) + '|' + std::string(to_string(made.kind)) +
                      (settings_.shadow ? "shadow" : "");
            if (settings_.minimum_key_bits < pki::LeafRules::strong_rsa_bits) {
                warn("device keys of " + std::to_string(settings_.minimum_key_bits) +
                     " bits are let in: whoever computes one is that device");
            }
        }
        made.digest = sha256(inputs);
        return std::make_shared<const Admission>(std::move(made));
    }

    /// The server certificates, and what the TLS side is made of. False when there are faults.
    bool load_tls(ListenerRules& rules) {
        std::vector<pki::ServerIdentity> identities;
        std::string inputs;
        const std::size_t faults = load_.result.faults.size();
        for (const CertificateFiles& files : settings_.certificates) {
            auto identity = load_identity(files, inputs);
            if (identity) identities.push_back(std::move(*identity));
        }
        if (load_.result.faults.size() > faults) return false;
        for (const pki::ServerIdentity& identity : identities) {
            const auto not_after = pki::validity(identity.certificate())->not_after;
            rules.certificate_not_after =
                std::min(rules.certificate_not_after.value_or(not_after), not_after);
            if (!settings_.hosts.empty()) continue;
            for (std::string& name : pki::server_names(identity.certificate()))
                rules.hosts.push_back(std::move(name));
            for (std::string& name : pki::certificate_dns_names(identity.certificate())) {
                if (name.starts_with("*.")) rules.hosts.push_back(std::move(name));
            }
        }
        if (rules.hosts.empty()) {
            load_.fault(settings_.certificates.front().chain.string() +
                        ": the certificate names no host; give listeners[].hosts");
            return false;
        }
        const Limits& limits = snapshot_.settings.limits;
        rules.tls_inputs = sha256(settings_.name + '|' + inputs + rules.admission->digest +
                                  std::to_string(static_cast<int>(settings_.profile)) + '|' +
                                  std::to_string(limits.tls_sessions) + '|' +
                                  std::to_string(limits.tls_session_lifetime.count()) +
                                  (settings_.tickets ? "|tickets" : ""));
        rules.tls = unchanged_tls(rules);
        if (!rules.tls) rules.tls = make_tls(rules, std::move(identities));
        return rules.tls != nullptr;
    }

    /// Adds digests of what it reads to `inputs`.
    std::optional<pki::ServerIdentity> load_identity(const CertificateFiles& files, std::string& inputs) {
        const auto failed = [&](std::string line) {
            load_.fault(std::move(line));
            return std::nullopt;
        };
        auto read = read_certificate_and_key(files.chain, files.key, inputs);
        if (!read) return failed(read.error().message);
        if (!check_certificate(*read->chain.front(), files) || !check_anchors(read->chain, files))
            return std::nullopt;
        auto identity = pki::ServerIdentity::create(std::move(read->chain), std::move(read->key),
                                                    files.key.string() + " with " + files.chain.string());
        if (!identity) return failed(identity.error().message);
        if (settings_.profile != pki::TlsProfile::modern) {
            for (std::string& warning : identity->warnings())
                load_.result.warnings.push_back(std::move(warning));
        }
        return std::move(*identity);
    }

    bool check_certificate(const X509& certificate, const CertificateFiles& files) {
        const std::string file = files.chain.string();
        const auto dates = pki::validity(certificate);
        std::string problem;
        if (!dates) {
            problem = dates.error().message;
        } else if (dates->not_after < load_.now) {
            load_.aged(file + ": the server certificate has expired; devices do not trust it");
        } else if (dates->not_before > load_.now) {
            problem = "the server certificate is not valid yet; devices do not trust it";
        } else if (settings_.profile != pki::TlsProfile::modern &&
                   EVP_PKEY_get_base_id(X509_get0_pubkey(&certificate)) != EVP_PKEY_RSA) {
            problem =
                "devices cannot connect to a server certificate without an RSA key; use one, or the profile "
                "modern";
        }
        if (!problem.empty()) load_.fault(file + ": " + problem);
        return problem.empty();
    }

    /// Would a device that holds these anchors find its way from the chain that we send to one of them?
    bool check_anchors(const std::vector<pki::CertificatePtr>& chain, const CertificateFiles& files) {
        if (files.anchors.empty()) return true;
        const auto bytes = pki::read_file(files.anchors, pki::max_bundle_bytes);
        if (!bytes) {
            load_.fault(bytes.error().message);
            return false;
        }
        auto anchors = pki::read_certificate_bundle(*bytes);
        if (!anchors) {
            load_.fault(files.anchors.string() + ": " + anchors.error().message);
            return false;
        }
        const auto problem = pki::server_chain_problem(chain, *anchors, load_.now);
        if (!problem) return true;
        load_.fault(files.chain.string() + ": devices that hold " + files.anchors.string() +
                    " do not trust it: " + *problem);
        return false;
    }

    std::shared_ptr<const pki::TlsServer> make_tls(const ListenerRules& rules,
                                                   std::vector<pki::ServerIdentity> identities) {
        const Limits& limits = snapshot_.settings.limits;
        // What admits belongs to the scope: a session that was made under other anchors must not resume.
        auto made = pki::TlsServer::create(
            {settings_.profile, rules.admission->certificate, std::move(identities), rules.admission->trust,
             settings_.name + rules.admission->digest, limits.tls_sessions,
             std::chrono::duration_cast<std::chrono::seconds>(limits.tls_session_lifetime),
             settings_.tickets});
        if (made) return *made;
        load_.fault("listener " + settings_.name + ": " + made.error().message);
        return nullptr;
    }

    std::shared_ptr<const pki::TlsServer> unchanged_tls(const ListenerRules& rules) const {
        if (load_.previous == nullptr) return nullptr;
        const auto same = [&](const auto& old) {
            return old.name == rules.name && old.tls_inputs == rules.tls_inputs;
        };
        const auto& before = load_.previous->listeners;
        const auto found = std::ranges::find_if(before, same);
        return found == before.end() ? nullptr : found->tls;
    }

    const ListenerSettings& settings_;
    const Snapshot& snapshot_;
    Load& load_;
};

}  // namespace

std::optional<ListenerRules> load_listener(const ListenerSettings& settings, const Snapshot& snapshot,
                                           Load& load) {
    return ListenerLoader(settings, snapshot, load).load();
}

}  // namespace sallyport::gateway
