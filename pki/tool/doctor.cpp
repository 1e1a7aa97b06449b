#include "pki/tool/doctor.h"

#include "pki/crl.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/pkcs7.h"
#include "pki/time.h"
#include "pki/tool/audit.h"
#include "pki/tool/distribution.h"

#include <algorithm>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

enum class Severity { error, warning };

struct Finding {
    Severity severity;
    std::string where;
    std::string what;
};

constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;
constexpr std::chrono::days authority_notice{180}, leaf_notice{30};

class Examination {
  public:
    Examination(Depot& depot, std::chrono::sys_seconds now) : depot_(depot), now_(now) {}

    Result<void> index() {
        const auto faults = depot_.index().integrity_faults();
        if (!faults) return faults.error();
        for (const std::string& fault : *faults)
            error("index", fault);
        auto audit = verify_audit(depot_.index(), {});
        if (!audit) return audit.error();
        if (!audit->yes) error("audit log", audit->text.substr(0, audit->text.find('\n')));
        std::chrono::sys_seconds newest{};
        const auto visited = depot_.index().visit_events([&](const Event& event) -> Result<void> {
            newest = std::max(newest, event.at);
            return {};
        });
        if (!visited) return visited.error();
        if (newest > now_ + std::chrono::minutes{5})
            error("clock", "the audit log has an event of " + rfc3339(newest) + ", which is in the future");
        return {};
    }

    Result<void> authorities() {
        const auto all = depot_.index().authorities();
        if (!all) return all.error();
        for (const AuthorityRecord& authority : *all) {
            if (const auto plan = depot_.plan(authority.name); !plan) {
                error(authority.name, plan.error().message);
            } else if (plan->crl.partitions != authority.partitions) {
                error(authority.name, "depot.yaml says " + std::to_string(plan->crl.partitions) +
                                          " partitions; the authority was made with " +
                                          std::to_string(authority.partitions) + ", which cannot change");
            }
            const auto restored = depot_.index().is_restored(authority.name);
            if (!restored) return restored.error();
            if (*restored)
                error(authority.name,
                      "makes no CRL: this depot was restored, and what came after its backup is not "
                      "known; see sallyport-pki crl adopt --help");
            const auto lost = depot_.index().lost_revocations(authority);
            if (!lost) return lost.error();
            if (!lost->empty())
                error(authority.name, std::to_string(lost->size()) +
                                          " revocation(s) of the audit log are not in the index, e.g. " +
                                          hex(lost->front()) +
                                          "; sallyport-pki crl takes over what the published lists have");
            if (const auto done = certificate_of(authority); !done) return done;
            if (const auto done = crls_of(authority); !done) return done;
        }
        return {};
    }

    Result<void> certificates() {
        std::uint64_t expiring = 0, weak = 0;
        std::string weak_example;
        const auto visited =
            depot_.index().visit_certificates({.now = now_}, [&](const CertificateRecord& record) {
                if (state_of(record, now_) != CertificateState::valid) return;
                if (record.kind != CertificateKind::authority &&
                    record.validity.not_after < now_ + leaf_notice) {
                    ++expiring;
                    if (record.kind == CertificateKind::server)
                        warning(record.name,
                                "its server certificate expires at " + rfc3339(record.validity.not_after));
                }
                const std::string why = weakness(record);
                if (why.empty()) return;
                if (weak++ == 0) weak_example = record.name + ": " + why;
            });
        if (!visited) return visited.error();
        if (expiring > 0)
            warning("certificates",
                    std::to_string(expiring) + " expire within " + std::to_string(leaf_notice.count()) +
                        " days; see list --expires-within " + std::to_string(leaf_notice.count()));
        if (weak > 0)
            error("certificates",
                  std::to_string(weak) + " have a weak key or signature, e.g. " + weak_example);
        return {};
    }

    Result<void> places() {
        const auto lines = misplaced(depot_);
        if (!lines) {
            error("publication", lines.error().message);
            return {};
        }
        for (const std::string& line : *lines)
            error("publication", line + "; run sallyport-pki publish");
        return {};
    }

    Answer answer() && {
        std::ranges::stable_sort(findings_, {}, &Finding::severity);
        Answer answer;
        json::array list;
        for (const Finding& finding : findings_) {
            const std::string_view word = finding.severity == Severity::error ? "error" : "warning";
            answer.yes = answer.yes && finding.severity != Severity::error;
            answer.text += std::string(word) + ": " + finding.where + ": " + finding.what + "\n";
            list.push_back({{"severity", word}, {"where", finding.where}, {"what", finding.what}});
        }
        if (findings_.empty()) answer.text = "nothing found\n";
        answer.json["findings"] = std::move(list);
        return answer;
    }

  private:
    void error(std::string where, std::string what) {
        findings_.push_back({Severity::error, std::move(where), std::move(what)});
    }
    void warning(std::string where, std::string what) {
        findings_.push_back({Severity::warning, std::move(where), std::move(what)});
    }

    Result<void> certificate_of(const AuthorityRecord& authority) {
        const auto certificate = depot_.certificate(authority.name);
        if (!certificate) {
            error(authority.name, certificate.error().message);
            return {};
        }
        const auto record = depot_.index().find_certificate_of(authority, serial_octets(**certificate));
        if (!record) return record.error();
        if (!*record) {
            error(authority.name, "its certificate file is not the one that the index knows");
            return {};
        }
        const Validity& dates = (*record)->validity;
        if (dates.not_after <= now_) {
            error(authority.name, "its certificate expired at " + rfc3339(dates.not_after));
        } else if (dates.not_after < now_ + authority_notice && !authority.retired) {
            warning(authority.name,
                    "its certificate expires at " + rfc3339(dates.not_after) +
                        "; describe its successor in depot.yaml and make it with authority add");
        }
        if (is_revoked(**record) && !authority.retired)
            warning(authority.name, "is revoked, but not retired");
        const auto opened = depot_.authority(authority.name);
        if (!opened) {
            // A root's key is best kept elsewhere.
            if (authority.role == AuthorityRole::root) {
                warning(authority.name, "cannot sign here: " + opened.error().message);
            } else {
                error(authority.name, "cannot sign: " + opened.error().message);
            }
        }
        return {};
    }

    Result<void> crls_of(const AuthorityRecord& authority) {
        const auto certificate = depot_.certificate(authority.name);
        if (!certificate) return {};  // found already
        for (unsigned partition = 0; partition < authority.partitions; ++partition) {
            const CrlScopeId scope{authority.name, partition};
            if (const auto done = delta_of(scope, authority.partitions, **certificate); !done) return done;
            const auto shown = depot_.index().shows_every_revocation(scope);
            if (!shown) return shown.error();
            const auto name = crl_name(scope, authority.partitions, CrlForm::complete);
            if (!*shown) error(name, "a revocation is not in the published CRL; run sallyport-pki crl");
            const auto newest = depot_.index().newest_crl(scope, CrlForm::complete);
            if (!newest) return newest.error();
            crl_file(name, *newest, **certificate);
        }
        return {};
    }

    /// A delta CRL that a complete one overtook may have expired, but gateways still read it.
    Result<void> delta_of(const CrlScopeId& scope, unsigned partitions, const X509& issuer) {
        const auto plan = depot_.plan(scope.authority);
        if (!plan || !plan->crl.delta) return {};
        const auto delta = depot_.index().newest_crl(scope, CrlForm::delta);
        if (!delta) return delta.error();
        if (delta->number == 0) return {};  // none yet
        const auto complete = depot_.index().newest_crl(scope, CrlForm::complete);
        if (!complete) return complete.error();
        crl_file(crl_name(scope, partitions, CrlForm::delta), *delta, issuer,
                 delta->number > complete->number);
        return {};
    }

    void crl_file(const std::string& name, const CrlRecord& newest, const X509& issuer,
                  bool must_be_in_force = true) {
        auto file = read_file(depot_.paths().crl(name), max_crl_bytes);
        if (!file) return error(name, file.error().message);
        const auto crls = split_crl_file(std::move(*file));
        if (!crls || crls->size() != 1) return error(name, "its file is not one CRL");
        const std::string& der = crls->front();
        const auto view = parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(der.data()), der.size()));
        if (!view) return error(name, view.error().message);
        if (const auto verified = verify_crl(*view, issuer); !verified)
            return error(name, verified.error().message);
        if (decimal(view->number) != std::to_string(newest.number)) {
            return error(name, "the file has number " + decimal(view->number) + ", the index " +
                                   std::to_string(newest.number));
        }
        if (!must_be_in_force) return;
        if (view->next_update <= now_)
            return error(name, "expired at " + rfc3339(view->next_update) + "; run sallyport-pki crl");
        if (view->next_update - now_ < (view->next_update - view->this_update) / 4)
            warning(name,
                    "expires at " + rfc3339(view->next_update) + "; run sallyport-pki crl, best by a timer");
    }

    /// Why a key or signature is weak, or a device could not load the certificate; empty: neither.
    static std::string weakness(const CertificateRecord& record) {
        const auto* at = reinterpret_cast<const unsigned char*>(record.der.data());
        const CertificatePtr certificate(d2i_X509(nullptr, &at, static_cast<long>(record.der.size())));
        if (!certificate) {
            take_openssl_errors("");
            return "the index holds no certificate";
        }
        const EVP_PKEY* key = X509_get0_pubkey(certificate.get());
        if (key == nullptr) return "its key cannot be read";
        const bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
        if (rsa && EVP_PKEY_get_bits(key) < 2048)
            return "RSA key of " + std::to_string(EVP_PKEY_get_bits(key)) + " bits";
        int digest = NID_undef;
        const int signature = X509_get_signature_nid(certificate.get());
        if (OBJ_find_sigid_algs(signature, &digest, nullptr) != 1 || digest == NID_sha1 || digest == NID_md5)
            return "signed with " + std::string(OBJ_nid2sn(signature));
        if (record.kind == CertificateKind::device && !rsa) return "not an RSA key; devices know RSA only";
        return {};
    }

    Depot& depot_;
    std::chrono::sys_seconds now_;
    std::vector<Finding> findings_;
};

}  // namespace

Result<Answer> examine(Depot& depot, std::chrono::sys_seconds now) {
    Examination examination(depot, now);
    for (const auto step :
         {&Examination::index, &Examination::authorities, &Examination::certificates, &Examination::places}) {
        if (const auto done = (examination.*step)(); !done) return done.error();
    }
    return std::move(examination).answer();
}

}  // namespace sallyport::pki
