#pragma once

#include "pki/key.h"
#include "pki/openssl.h"
#include "pki/passphrase_source.h"
#include "pki/result.h"

#include <string>

namespace sallyport::pki {

/// Keys in tokens, for private_key.h, whose contract holds. A build without PKCS#11 has all of these, too, as
/// errors (pkcs11_absent.cpp).

/// Is this a URI as KeyReference takes it? Looks at nothing but the text.
Result<void> check_pkcs11_uri(const std::string& uri);

Result<KeyPtr> open_pkcs11_key(const std::string& uri, const PassphraseSource& source);

Result<void> generate_pkcs11_key(const std::string& uri, KeyAlgorithm algorithm,
                                 const PassphraseSource& source);

/// Is the private half of this key in a token?
bool is_pkcs11_key(const EVP_PKEY& key);

}  // namespace sallyport::pki
