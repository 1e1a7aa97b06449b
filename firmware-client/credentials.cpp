#include "firmware-client/credentials.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/pkcs7.h"

#include <algorithm>

namespace sallyport::device {
namespace {

constexpr std::string_view trust_file = "certs_server.p7b";
constexpr std::string_view identity_file = "certs_device.p7b";
constexpr std::string_view key_file = "certs_device.key";
constexpr std::string_view device_urn = "urn:canedge:device:";
constexpr std::size_t max_key_bytes = 64 * 1024;

Result<std::vector<pki::CertificatePtr>> parse_bundle(std::string_view bytes, std::string_view origin) {
    auto certificates = pki::read_certificate_bundle(bytes);
    if (!certificates) {
        return Error{Fault::configuration, std::string{origin} + ": " + certificates.error().message};
    }
    return std::move(*certificates);
}

Result<std::vector<pki::CertificatePtr>> read_bundle(const std::filesystem::path& path) {
    const auto bytes = pki::read_file(path, pki::max_bundle_bytes);
    if (!bytes) return from_pki(bytes.error());
    return parse_bundle(*bytes, path.string());
}

/// Why a device could not keep these certificates side by side; empty when it can.
std::string fault_of_trust(const std::vector<pki::CertificatePtr>& certificates) {
    const auto name = [](const X509& certificate) {
        return pki::name_text(*X509_get_subject_name(&certificate));
    };
    for (auto one = certificates.begin(); one != certificates.end(); ++one) {
        if (EVP_PKEY_is_a(X509_get0_pubkey(one->get()), "RSA") != 1) {
            return name(**one) + ": not an RSA key, and a device knows no other";
        }
        for (auto other = certificates.begin(); other != one; ++other) {
            const bool subject = X509_subject_name_cmp(one->get(), other->get()) == 0;
            if (!subject && X509_issuer_name_cmp(one->get(), other->get()) != 0) continue;
            return name(**one) + ": the same " + (subject ? "subject" : "issuer") + " as " + name(**other) +
                   ", and a device keeps one certificate for each";
        }
    }
    return {};
}

/// Takes the issuers of `leaf` out of `others`, each followed by its own issuer, up to but without a root.
std::vector<pki::CertificatePtr> order_chain(X509* leaf, std::vector<pki::CertificatePtr> others) {
    std::vector<pki::CertificatePtr> chain;
    for (X509* below = leaf; X509_check_issued(below, below) != X509_V_OK;) {
        const auto issuer = std::find_if(others.begin(), others.end(), [&](const auto& candidate) {
            return X509_check_issued(candidate.get(), below) == X509_V_OK;
        });
        if (issuer == others.end() || X509_check_issued(issuer->get(), issuer->get()) == X509_V_OK) break;
        below = issuer->get();
        chain.push_back(std::move(*issuer));
        others.erase(issuer);
    }
    return chain;
}

}  // namespace

Result<std::vector<pki::CertificatePtr>> read_trust(const Card& card) {
    const auto path = card.file(trust_file);
    if (!is_present(path)) return std::vector<pki::CertificatePtr>{};
    const auto bytes = pki::read_file(path, pki::max_bundle_bytes);
    if (!bytes) return from_pki(bytes.error());
    return parse_trust(*bytes, path.string());
}

Result<std::vector<pki::CertificatePtr>> parse_trust(std::string_view bytes, std::string_view origin) {
    auto certificates = parse_bundle(bytes, origin);
    if (!certificates) return certificates;
    if (const std::string fault = fault_of_trust(*certificates); !fault.empty()) {
        return Error{Fault::configuration, std::string{origin} + ": " + fault};
    }
    return certificates;
}

Result<std::optional<ClientIdentity>> read_identity(const Card& card) {
    const auto bundle_path = card.file(identity_file);
    const auto key_path = card.file(key_file);
    if (!is_present(bundle_path) && !is_present(key_path)) return std::optional<ClientIdentity>{};

    auto text = pki::read_secret_file(key_path, max_key_bytes);
    if (!text) return from_pki(text.error());
    auto key = pki::parse_private_key(*text, key_path.string());
    pki::wipe(*text);
    if (!key) return from_pki(key.error());

    auto certificates = read_bundle(bundle_path);
    if (!certificates) return certificates.error();
    const auto leaf = std::find_if(certificates->begin(), certificates->end(), [&](const auto& certificate) {
        return X509_check_private_key(certificate.get(), key->get()) == 1;
    });
    if (leaf == certificates->end()) {
        pki::take_openssl_errors("");
        return Error{Fault::configuration,
                     bundle_path.string() + ": no certificate in it fits " + key_path.string()};
    }
    pki::take_openssl_errors("");  // each certificate that does not fit leaves one behind
    ClientIdentity identity{std::move(*leaf), {}, std::move(*key)};
    certificates->erase(leaf);
    identity.chain = order_chain(identity.certificate.get(), std::move(*certificates));
    return std::optional{std::move(identity)};
}

Result<std::string> device_id_of(const X509& certificate) {
    const pki::CertificateNames names = pki::certificate_names(certificate);
    std::vector<std::string> ids;
    for (const std::string& uri : names.san_uris) {
        if (uri.starts_with(device_urn)) ids.push_back(uri.substr(device_urn.size()));
    }
    ids.insert(ids.end(), names.common_names.begin(), names.common_names.end());
    const bool agree = std::adjacent_find(ids.begin(), ids.end(), std::not_equal_to<>{}) == ids.end();
    if (names.undecodable || ids.empty() || !agree || !is_device_id(ids.front())) {
        return Error{Fault::configuration,
                     "certs_device.p7b: the certificate does not name one device by 8 upper-case hexadecimal "
                     "digits in a SAN URI urn:canedge:device:<ID> or its CN"};
    }
    return ids.front();
}

}  // namespace sallyport::device
