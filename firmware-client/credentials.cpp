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

Result<std::vector<pki::CertificatePtr>> read_bundle(const std::filesystem::path& path) {
    const auto bytes = pki::read_file(path, pki::max_bundle_bytes);
    if (!bytes) return from_pki(bytes.error());
    auto certificates = pki::read_certificate_bundle(*bytes);
    if (!certificates) {
        return Error{Fault::configuration, path.string() + ": " + certificates.error().message};
    }
    return std::move(*certificates);
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
    return read_bundle(path);
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
