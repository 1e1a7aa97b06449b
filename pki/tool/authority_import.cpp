// Taking over an authority that was made elsewhere.

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/private_key.h"
#include "pki/time.h"
#include "pki/tool/authorities.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_pem_bytes = std::size_t{1024} * 1024;
constexpr std::size_t max_crl_bytes = std::size_t{1} << 30U;

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

Result<std::uint64_t> number_of(const CrlView& view, const std::string& origin) {
    if (view.number.size() > 8 || (view.number.size() == 8 && view.number[0] >= 0x7F))
        return Error{Fault::input, origin + ": its CRL number is too large to go on from"};
    std::uint64_t number = 0;
    for (const std::uint8_t octet : view.number)
        number = number << 8U | octet;
    return number;
}

Result<std::string> read_one_crl(const std::filesystem::path& path) {
    auto file = read_file(path, max_crl_bytes);
    if (!file) return file.error();
    auto crls = split_crl_file(std::move(*file));
    if (!crls) return Error{Fault::input, path.string() + ": " + crls.error().message};
    if (crls->size() != 1) return Error{Fault::input, path.string() + ": more than one CRL"};
    return std::move(crls->front());
}

}  // namespace

Result<AdoptedCrl> adopt_crl(Index& index, const AuthorityRecord& authority, const X509& certificate,
                             const std::filesystem::path& path, const Occasion& occasion) {
    const auto der = read_one_crl(path);
    if (!der) return der.error();
    const auto view = parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(der->data()), der->size()));
    if (!view) return Error{Fault::input, path.string() + ": " + view.error().message};
    if (const auto verified = verify_crl(*view, certificate); !verified)
        return Error{Fault::input, path.string() + ": " + verified.error().message};
    const auto number = number_of(*view, path.string());
    if (!number) return number.error();
    if (view->delta) return Error{Fault::input, path.string() + ": a delta CRL; the complete one is needed"};
    // The number first: killed in between, the next CRL must not have one that was seen already.
    if (*number > authority.crl_number) {
        if (const auto raised = index.raise_crl_number(authority.name, *number, occasion); !raised)
            return raised.error();
    }
    const auto adopted = index.adopt_revocations(authority, *view, occasion);
    if (!adopted) return Error{adopted.error().fault, path.string() + ": " + adopted.error().message};
    const auto settled =
        index.settle_restored(authority.name, "by CRL number " + std::to_string(*number), occasion);
    if (!settled) return settled.error();
    return AdoptedCrl{*number, *adopted};
}

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
    const auto adopted = adopt_crl(index, record, own, imported.crl, occasion);
    if (!adopted) return adopted.error();
    return {};
}

}  // namespace sallyport::pki
