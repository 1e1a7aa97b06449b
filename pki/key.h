#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <string>

namespace sallyport::pki {

/// The size of every key that this project makes: what the devices are tested with, and the least that
/// OpenSSL's security level 2 takes.
inline constexpr unsigned rsa_key_bits = 2048;

/// A new RSA key with public exponent 65537. Takes about 0.1 s, at times a second.
Result<KeyPtr> generate_rsa_key();

/// An unencrypted PKCS#8 private key in PEM (RFC 5958, RFC 7468). The caller wipes the text.
Result<std::string> write_private_key(const EVP_PKEY& key);

/// Does the certificate certify the public half of this key?
bool key_matches(const EVP_PKEY& key, const X509& certificate);

}  // namespace sallyport::pki
