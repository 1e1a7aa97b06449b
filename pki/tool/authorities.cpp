#include "pki/tool/authorities.h"

#include "pki/file.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/time.h"
#include "pki/tool/crl_publication.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

CertificateRole certificate_role(AuthorityRole role) {
    switch (role) {
        case AuthorityRole::root:
            return CertificateRole::root_authority;
        case AuthorityRole::devices:
            return CertificateRole::device_authority;
        case AuthorityRole::servers:
            return CertificateRole::server_authority;
        case AuthorityRole::operators:
            return CertificateRole::operator_authority;
    }
    throw std::logic_error("unknown role of an authority");
}

/// Makes the private key where the configuration wants it, or opens the one that is there.
Result<KeyPtr> make_key(const DepotPaths& paths, const AuthorityPlan& plan) {
    if (!plan.key_uri.empty()) {
        const auto reference = KeyReference::parse(plan.key_uri);
        if (!reference) return reference.error();
        const auto pin = plan.passphrase.value_or(PassphraseSource::terminal());
        return plan.key_exists ? open_private_key(*reference, pin)
                               : generate_in_token(*reference, plan.algorithm, pin);
    }
    auto key = generate_key(plan.algorithm);
    if (!key) return key.error();
    if (const auto written = write_key_file(paths, plan, **key); !written) return written.error();
    return key;
}

Result<std::chrono::sys_seconds> end_of(const AuthorityPlan& plan, const Authority* issuer,
                                        std::chrono::sys_seconds now) {
    const auto wanted = now + plan.lifetime;
    if (issuer == nullptr) return wanted;
    const auto dates = validity(*issuer->certificate);
    if (!dates) return dates.error();
    if (dates->not_after <= now)
        return Error{Fault::input, plan.issuer + ": expired at " + rfc3339(dates->not_after)};
    return std::min(wanted, dates->not_after);
}

}  // namespace

Result<void> write_key_file(const DepotPaths& paths, const AuthorityPlan& plan, const EVP_PKEY& key) {
    if (const auto removed = remove_unfinished(paths.key(plan.name)); !removed) return removed.error();
    if (plan.passphrase) {
        const auto passphrase = plan.passphrase->read_new("New passphrase of " + plan.name + ".key");
        if (!passphrase) return passphrase.error();
        return write_encrypted_key(paths.key(plan.name), key, *passphrase);
    }
    auto text = write_private_key(key);
    if (!text) return text.error();
    const auto written = replace_file(paths.key(plan.name), *text, 0600);
    wipe(*text);
    return written;
}

Result<Authority> make_authority(const DepotPaths& paths, const DepotConfiguration& configuration,
                                 Index& index, const AuthorityPlan& plan, const Authority* issuer,
                                 const Occasion& occasion) {
    const auto not_after = end_of(plan, issuer, occasion.now);
    if (!not_after) return not_after.error();
    auto key = make_key(paths, plan);
    if (!key) return key.error();
    auto serial = generate_serial();
    if (!serial) return serial.error();
    CertificateProfile profile{certificate_role(plan.role),
                               {configuration.organization, plan.common_name},
                               *serial,
                               {occasion.now - backdating, *not_after},
                               {},
                               {}};
    if (issuer != nullptr) {
        const AuthorityPlan* const above = configuration.find(plan.issuer);
        profile.crl_url = distribution_url(above->crl, issuer->record, *serial);
    }
    const Signer signer = issuer != nullptr ? issuer->signer() : Signer{nullptr, nullptr};
    auto certificate = issue_certificate(profile, **key, issuer != nullptr ? &signer : nullptr);
    if (!certificate) return certificate.error();
    X509* const certificates[] = {certificate->get()};
    const auto pem = write_certificates(certificates);
    if (!pem) return pem.error();
    if (const auto written = replace_file(paths.certificate(plan.name), *pem, 0644); !written)
        return written.error();

    const std::string& issuer_name = plan.issuer.empty() ? plan.name : plan.issuer;
    auto certified = record_of(**certificate, issuer_name, CertificateKind::authority, plan.name);
    if (!certified) return certified.error();
    if (issuer != nullptr) certified->partition = partition_of(certified->serial, issuer->record.partitions);
    const AuthorityRecord record{plan.name, plan.role, issuer_name, plan.crl.partitions};
    if (const auto added = index.add_authority(record, *certified, occasion); !added) return added.error();
    return Authority{record, std::move(*certificate), std::move(*key)};
}

Result<Answer> add_authority(Depot& depot, const std::string& name, const Occasion& occasion) {
    const auto known = depot.index().find_authority(name);
    if (!known) return known.error();
    if (*known) return no(name + ": this depot has that authority already");
    const auto plan = depot.plan(name);
    if (!plan) {
        return Error{Fault::input, depot.paths().configuration().string() + ": describes no authority '" +
                                       name + "'; add it to the list there first"};
    }
    std::error_code ignored;
    if (plan->key_uri.empty() && std::filesystem::exists(depot.paths().key(name), ignored)) {
        return Error{Fault::input,
                     depot.paths().key(name).string() +
                         ": exists, though this depot does not know the authority, as after a restore; "
                         "move it away if it is not wanted any more"};
    }
    Authority issuer;
    if (!plan->issuer.empty()) {
        auto above = depot.authority(plan->issuer);
        if (!above) return above.error();
        issuer = std::move(*above);
    }
    const auto made = make_authority(depot.paths(), depot.configuration(), depot.index(), *plan,
                                     plan->issuer.empty() ? nullptr : &issuer, occasion);
    if (!made) return made.error();
    const auto published = publish_crls_of(depot, name, CrlOccasion::refresh, occasion);
    if (!published) return published.error();
    Answer answer;
    answer.text = "made " + depot.paths().certificate(name).string() + "\n";
    for (const PublishedCrl& crl : published->crls)
        answer.text += describe(crl) + "\n";
    for (const std::string& failure : published->failures)
        answer.add_failure(failure);
    return answer;
}

Result<Answer> retire_authority(Depot& depot, const std::string& name, const Occasion& occasion) {
    const auto known = depot.index().find_authority(name);
    if (!known) return known.error();
    if (!*known) return no(name + ": no such authority in this depot");
    if ((*known)->retired) return Answer{true, name + " is already retired\n", {}};
    if (const auto done = depot.index().retire_authority(name, occasion); !done) return done.error();
    return Answer{true, name + " issues no more; its CRLs are still published\n", {}};
}

}  // namespace sallyport::pki
