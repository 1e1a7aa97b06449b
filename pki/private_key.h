#pragma once

#include "pki/key.h"
#include "pki/openssl.h"
#include "pki/passphrase_source.h"
#include "pki/result.h"
#include "pki/secret.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// Where a private key is: in a PEM file, or in a token (smart card, HSM, SoftHSM) that a PKCS#11 module
/// reaches.
class KeyReference {
  public:
    /// A text that begins with `pkcs11:` is a URI of RFC 7512; any other is the path of a file. Of a URI
    /// these attributes are known: token, manufacturer, model, serial, slot-id, object, id, type (private
    /// only), module-path (absolute) and pin-source (`file:` and an absolute path, or the path alone).
    /// Errors: input. Refused are an unknown attribute, which would have narrowed the search; `pin-value`,
    /// since such texts stand in command lines and logs; and each URI where the build is without PKCS#11.
    static Result<KeyReference> parse(std::string_view text);

    bool in_token() const noexcept { return in_token_; }
    /// As it was parsed. There is no secret in it.
    const std::string& text() const noexcept { return text_; }

  private:
    KeyReference(std::string text, bool in_token) : text_(std::move(text)), in_token_(in_token) {}

    std::string text_;
    bool in_token_;
};

/// Opens a key for signing. `source` is asked only where a passphrase or PIN is needed.
///
/// File: PEM, mode 0600; plain, or encrypted by PKCS#8 (RFC 5958). OpenSSL's older encryption (`Proc-Type`)
/// is refused: it guards a key with one round of MD5.
///
/// Token: a `pin-source` in the URI counts instead of `source`; no PIN is read while another key of the token
/// is open, nor for a token with a keypad of its own. One token and one private key must fit the URI. A PIN
/// is sent once; one that was wrong is not sent again in this process. Where the token says that one try is
/// left before it locks, only a terminal is asked: a service that restarts must not lock it. Without
/// module-path in the URI the modules that p11-kit knows are searched. The key keeps its module and its
/// session with the token alive, so no order of destruction is asked of the caller; all keys must be gone
/// before exit(). RSA and EC keys. They sign (X509_sign, EVP_DigestSign, TLS) in several threads; after
/// fork() only the parent may use them.
///
/// Errors: input: file, token or key not there, several fit, wrong passphrase or PIN (with what the token
/// says of the tries that are left); runtime: the module or token fails.
Result<KeyPtr> open_private_key(const KeyReference& reference, const PassphraseSource& source);

/// The same; and an error when it is not the key of `certificate`.
Result<KeyPtr> open_private_key(const KeyReference& reference, const PassphraseSource& source,
                                const X509& certificate);

/// A private key in PEM, encrypted by PKCS#8: PBES2 (RFC 8018) with PBKDF2-HMAC-SHA256 of 600,000 rounds and
/// AES-256-CBC, which OpenSSL and GnuTLS read. Takes some 0.2 s. Errors: input: a passphrase that is too
/// short (min_new_passphrase_bytes); runtime: a key in a token, which has no private part to write.
Result<std::string> encrypt_private_key(const EVP_PKEY& key, const Secret& passphrase);

/// Writes that to `path` in one step (replace_file), mode 0600.
Result<void> write_encrypted_key(const std::filesystem::path& path, const EVP_PKEY& key,
                                 const Secret& passphrase);

/// Is the private half of this key in a token? Then it is in no file that this program could write.
bool is_in_token(const EVP_PKEY& key);

/// Makes a key pair inside a token, sensitive and not extractable, for signing only, and opens it. The URI
/// must name the label (`object`) and may name the `id`; without one the key gets 20 random bytes. Takes
/// seconds to minutes with RSA in a smart card. Errors: as open_private_key; input, when the URI fits a key
/// already: nothing is ever replaced.
Result<KeyPtr> generate_in_token(const KeyReference& reference, KeyAlgorithm algorithm,
                                 const PassphraseSource& source);

}  // namespace sallyport::pki
