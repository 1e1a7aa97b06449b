#include "firmware-client/credentials.h"

#include "firmware-client/identity_key.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/pkcs7.h"

#include <algorithm>

namespace sallyport::device {
namespace {

constexpr std::string_view device_urn = "urn:canedge:device:";

Result<std::vector<pki::CertificatePtr>> parse_bundle(std::string_view bytes, std::string_view origin) {
    auto certificates = pki::read_certificate_bundle(bytes);
    if (!certificates) {
        return Error{Fault::configuration, std::string{origin} + ": " + certificates.error().message};
    }
    return std::move(*certificates);
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

Result<std::vector<pki::CertificatePtr>> read_trust(const Card& card, LastGood& files) {
    const std::string name{trust_file};
    if (!is_present(card.file(name)) && !is_present(card.own_file(name))) {
        return std::vector<pki::CertificatePtr>{};
    }
    const std::string origin = card.file(name).string();
    const auto bytes = files.read(name, pki::max_bundle_bytes, [&](std::string_view text) -> Result<void> {
        const auto certificates = parse_trust(text, origin);
        if (!certificates) return certificates.error();
        return {};
    });
    if (!bytes) return bytes.error();
    return parse_trust(*bytes, origin);
}

Result<std::vector<pki::CertificatePtr>> parse_trust(std::string_view bytes, std::string_view origin) {
    auto certificates = parse_bundle(bytes, origin);
    if (!certificates) return certificates;
    if (const std::string fault = fault_of_trust(*certificates); !fault.empty()) {
        return Error{Fault::configuration, std::string{origin} + ": " + fault};
    }
    return certificates;
}

Result<std::optional<ClientIdentity>> read_identity(const Card& card, LastGood& files) {
    const auto bundle_path = card.file(identity_file);
    const auto key_path = card.file(identity_key_file);
    if (!is_present(bundle_path) && !is_present(key_path)) return std::optional<ClientIdentity>{};

    const auto key = read_identity_key(key_path);
    if (!key) return key.error();

    const auto bytes = files.read(
        std::string{identity_file}, pki::max_bundle_bytes, [&](std::string_view bundle) -> Result<void> {
            const auto identity = identity_from(bundle, bundle_path.string(), **key);
            if (!identity) return identity.error();
            return {};
        });
    if (!bytes) return bytes.error();
    auto identity = identity_from(*bytes, bundle_path.string(), **key);
    if (!identity) return identity.error();
    return std::optional{std::move(*identity)};
}

Result<ClientIdentity> identity_from(std::string_view bundle, std::string_view origin, EVP_PKEY& key) {
    auto certificates = parse_bundle(bundle, origin);
    if (!certificates) return certificates.error();
    const auto leaf = std::find_if(certificates->begin(), certificates->end(), [&](const auto& certificate) {
        return X509_check_private_key(certificate.get(), &key) == 1;
    });
    const bool fits = leaf != certificates->end();
    pki::take_openssl_errors("");  // each certificate that does not fit leaves one behind
    if (!fits) {
        return Error{Fault::configuration,
                     std::string{origin} + ": no certificate in it fits the device's key for it"};
    }
    EVP_PKEY_up_ref(&key);
    ClientIdentity identity{std::move(*leaf), {}, pki::KeyPtr{&key}};
    certificates->erase(leaf);
    identity.chain = order_chain(identity.certificate.get(), std::move(*certificates));
    return identity;
}

std::string device_id_uri(std::string_view id) {
    return std::string{device_urn} + std::string{id};
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
