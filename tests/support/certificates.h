#pragma once

#include "pki/certificate.h"
#include "pki/openssl.h"
#include "pki/time.h"

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Certificates made at run time, straight through OpenSSL: pki/issue would not make most of these.
namespace sallyport::test {

using namespace std::chrono_literals;

/// The instant at which these certificates and CRLs are judged: 2026-01-15T08:00:00Z.
inline constexpr std::chrono::sys_seconds now{1'768'464'000s};

inline pki::Bytes bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// P-256 keys, each made once: signing with them is quick.
inline EVP_PKEY& key(std::size_t index) {
    static std::array<pki::KeyPtr, 8> keys;
    pki::KeyPtr& one = keys.at(index);
    if (!one) one.reset(EVP_EC_gen("P-256"));
    return *one;
}

using Extensions = std::vector<std::pair<int, const char*>>;  ///< values as in x509v3_config(5)

struct CertificateDraft {
    std::string common_name;
    long version = X509_VERSION_3;
    std::string serial = "\x01";
    std::chrono::sys_seconds not_before = now - 24h;
    std::chrono::sys_seconds not_after = now + 24h;
    Extensions extensions = {};
};

struct Issuer {
    X509* certificate;
    EVP_PKEY* key;
};

inline Extensions authority_extensions() {
    return {{NID_basic_constraints, "critical,CA:TRUE"},
            {NID_key_usage, "critical,keyCertSign,cRLSign"},
            {NID_subject_key_identifier, "hash"},
            {NID_authority_key_identifier, "keyid:always"}};
}
inline Extensions device_extensions() {
    return {{NID_basic_constraints, "critical,CA:FALSE"},
            {NID_key_usage, "critical,digitalSignature"},
            {NID_ext_key_usage, "clientAuth"},
            {NID_subject_key_identifier, "hash"},
            {NID_authority_key_identifier, "keyid:always"}};
}
/// `from` with one extension in place of its own; null takes it out.
inline Extensions with(Extensions from, int nid, const char* value) {
    std::erase_if(from, [&](const auto& extension) { return extension.first == nid; });
    if (value != nullptr) from.emplace_back(nid, value);
    return from;
}

/// Signed by `issuer`, or by itself when there is none.
inline pki::CertificatePtr certificate(const CertificateDraft& draft, EVP_PKEY& subject_key,
                                       const Issuer* issuer = nullptr, const EVP_MD* digest = EVP_sha256()) {
    pki::CertificatePtr made(X509_new());
    X509_set_version(made.get(), draft.version);
    const pki::BignumPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(draft.serial.data()),
                                          static_cast<int>(draft.serial.size()), nullptr));
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
    X509_set1_notBefore(made.get(), pki::asn1_time(draft.not_before).get());
    X509_set1_notAfter(made.get(), pki::asn1_time(draft.not_after).get());
    X509_NAME_add_entry_by_NID(X509_get_subject_name(made.get()), NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(draft.common_name.data()),
                               static_cast<int>(draft.common_name.size()), -1, 0);
    X509* signer = issuer != nullptr ? issuer->certificate : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
    X509_set_pubkey(made.get(), &subject_key);
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, made.get(), nullptr, nullptr, 0);
    for (const auto& [nid, value] : draft.extensions) {
        const pki::ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
        if (!extension || X509_add_ext(made.get(), extension.get(), -1) != 1)
            throw std::runtime_error(pki::take_openssl_errors(value));
    }
    if (X509_sign(made.get(), issuer != nullptr ? issuer->key : &subject_key, digest) == 0)
        throw std::runtime_error(pki::take_openssl_errors("cannot sign a certificate"));
    return made;
}

/// A self-signed CA.
inline pki::CertificatePtr authority(const std::string& common_name, EVP_PKEY& its_key) {
    return certificate({.common_name = common_name, .extensions = authority_extensions()}, its_key);
}

inline pki::CertificatePtr another_reference(X509* certificate) {
    X509_up_ref(certificate);
    return pki::CertificatePtr(certificate);
}

inline std::string name_der(const X509& certificate) {
    unsigned char* data = nullptr;
    const int size = i2d_X509_NAME(X509_get_subject_name(&certificate), &data);
    const pki::BufferPtr owned(data);
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

/// A damaged copy whose last signature byte differs.
inline pki::CertificatePtr forged(const X509& certificate) {
    unsigned char* data = nullptr;
    const int size = i2d_X509(&certificate, &data);
    const pki::BufferPtr owned(data);
    data[size - 1] ^= 1U;
    const unsigned char* cursor = data;
    return pki::CertificatePtr(d2i_X509(nullptr, &cursor, size));
}

}  // namespace sallyport::test
