#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <string>
#include <string_view>

namespace sallyport::pki {

/// The kinds of keys that this project makes. Devices know RSA only; 2048 bits are what they are tested with,
/// and the least that OpenSSL's security level 2 takes.
enum class KeyAlgorithm { rsa_2048, rsa_3072, rsa_4096, p256 };
/// The words of configuration files: rsa-2048 ... p-256.
std::string_view to_string(KeyAlgorithm algorithm) noexcept;

/// A new key; RSA with public exponent 65537. Takes about 0.1 s for rsa_2048, at times a second; some ten
/// times that for rsa_4096. Thread-safe.
Result<KeyPtr> generate_key(KeyAlgorithm algorithm);

inline Result<KeyPtr> generate_rsa_key() {
    return generate_key(KeyAlgorithm::rsa_2048);
}

/// An unencrypted PKCS#8 private key in PEM (RFC 5958, RFC 7468). The caller wipes the text.
Result<std::string> write_private_key(const EVP_PKEY& key);

/// The SHA-256 of the public half (SubjectPublicKeyInfo, DER): equal for equal keys.
Result<std::string> key_digest(const EVP_PKEY& key);

/// Does the certificate certify the public half of this key?
bool key_matches(const EVP_PKEY& key, const X509& certificate);

}  // namespace sallyport::pki
