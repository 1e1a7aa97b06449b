#pragma once

#include "firmware-client/result.h"
#include "pki/openssl.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::device {

/// The device's own secp256r1 key pair, to which users encrypt the secrets of a configuration. It is not the
/// key of the device's certificate.

/// Reads `path` (PEM, mode 0600); null when there is no such file. Errors: configuration, when it is another
/// kind of key or others may read it; card.
Result<pki::KeyPtr> load_device_key(const std::filesystem::path& path);

/// Makes a key and writes it to `path`. Errors: card.
Result<pki::KeyPtr> create_device_key(const std::filesystem::path& path);

/// `kpub` of device.json: base64 of X and Y, 32 bytes each, big-endian: 88 characters.
Result<std::string> public_key_text(const EVP_PKEY& key);

/// Decrypts one protected field (`keyformat` 1): ECDH on secp256r1 with `user_public_key` (the form above);
/// the first 16 bytes of HMAC-SHA256(shared X, "config") are the AES-128-CTR key; `field` is base64 of a
/// 16-byte counter block and the ciphertext. There is no authentication: wrong keys give garbage, of which
/// only what is not printable ASCII is noticed. Errors: configuration. The caller wipes the text.
Result<std::string> decrypt_field(const EVP_PKEY& device_key, std::string_view user_public_key,
                                  std::string_view field);

}  // namespace sallyport::device
