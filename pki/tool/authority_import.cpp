// Taking over an authority that was made elsewhere.

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/private_key.h"
#include "pki/time.h"
#include "pki/tool/authorities.h"
#include "pki/tool/crl_adoption.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_pem_bytes = std::size_t{1024} * 1024;

Result<void> check_authority_certificate(const X509& certificate, const std::string& origin,
                                         std::chrono::sys_seconds now) {
    auto& readable = const_cast<X509&>(certificate);  // OpenSSL caches what it has parsed
    const auto refuse = [&](std::string_view why) {
        return Error{Fault::input, origin + ": " + std::string(why)};
    };
    if (X509_check_ca(&readable) != 1) return refuse("not the certificate of an authority (CA:TRUE)");
    const std::uint32_t usage = X509_get_key_usage(&readable);
    if ((usage & KU_KEY_CERT_SIGN) == 0 || (usage & KU_CRL_SIGN) == 0)
        return refuse("its key usage does not allow to sign certificates and CRLs");
    if (X509_get0_subject_key_id(&readable) == nullptr) return refuse("has no subject key identifier");
    const EVP_PKEY* key = X509_get0_pubkey(&readable);
    const int type = key != nullptr ? EVP_PKEY_get_base_id(key) : 0;
    const bool strong = (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048) ||
                        (type == EVP_PKEY_EC && EVP_PKEY_get_bits(key) >= 256);
    if (!strong) return refuse("its key is neither RSA with 2048 bits or more nor EC with 256 bits or more");
    const auto dates = validity(certificate);
    if (!dates) return refuse(dates.error().message);
    if (dates->not_after <= now) return refuse("expired at " + rfc3339(dates->not_after));
    return {};
}

Result<void> import_key(const DepotPaths& paths, const AuthorityPlan& plan,
                        const std::filesystem::path& source, const X509& certificate) {
    if (!plan.key_uri.empty()) {
        if (!source.empty())
            return Error{Fault::input, "--import-key: the configuration says that the key is in a token"};
        const auto reference = KeyReference::parse(plan.key_uri);
        if (!reference) return reference.error();
        const auto opened =
            open_private_key(*reference, plan.passphrase.value_or(PassphraseSource::terminal()), certificate);
        if (!opened) return opened.error();
        return {};
    }
    if (source.empty()) return Error{Fault::input, "--import-key is missing"};
    const auto reference = KeyReference::parse(source.string());
    if (!reference) return reference.error();
    const auto key = open_private_key(*reference, PassphraseSource::terminal(), certificate);
    if (!key) return key.error();
    return write_key_file(paths, plan, **key);
}

}  // namespace

Result<void> import_authority(const DepotPaths& paths, Index& index, const AuthorityPlan& plan,
                              const ImportedAuthority& imported, const Occasion& occasion) {
    const std::string origin = imported.certificate.string();
    const auto text = read_file(imported.certificate, max_pem_bytes);
    if (!text) return text.error();
    const auto certificates = parse_certificates(*text, origin);
    if (!certificates) return certificates.error();
    const X509& own = *certificates->front();
    if (const auto checked = check_authority_certificate(own, origin, occasion.now); !checked)
        return checked.error();
    const auto key_placed = import_key(paths, plan, imported.key, own);
    if (!key_placed) return key_placed.error();

    std::vector<X509*> above;
    for (auto at = certificates->begin() + 1; at != certificates->end(); ++at)
        above.push_back(at->get());
    X509* const only_own[] = {certificates->front().get()};
    for (const auto& [path, list] :
         {std::pair(paths.certificate(plan.name), std::span<X509* const>(only_own)),
          std::pair(paths.chain_above(plan.name), std::span<X509* const>(above))}) {
        if (list.empty()) continue;
        const auto pem = write_certificates(list);
        if (!pem) return pem.error();
        if (const auto written = replace_file(path, *pem, 0644); !written) return written.error();
    }

    auto certified = record_of(own, {}, CertificateKind::authority, plan.name);
    if (!certified) return certified.error();
    const AuthorityRecord record{plan.name, plan.role, {}, plan.crl.partitions};
    if (const auto added = index.add_authority(record, *certified, occasion); !added) return added.error();
    if (imported.crl.empty()) return {};
    const auto adopted = adopt_imported_crl(index, record, own, imported.crl, occasion);
    if (!adopted) return adopted.error();
    return {};
}

}  // namespace sallyport::pki
