#pragma once

#include <openssl/types.h>

namespace sallyport::pki {

/// The OpenSSL library context for servers, which parse the certificates of their peers in it.
///
/// OpenSSL 3.0 asks each decoder that it has, for files and formats of all kinds, whether it could be of use
/// for the key in a certificate, and each type of key whether it is the one, and does so anew for each
/// certificate: most of what parsing one costs. Here there are only those decoders that read the keys of
/// certificates, of every type, and no types of keys that are none of a certificate nor of TLS. Everything
/// else is as in the default context: the algorithms are the same, and keys and certificates that were made
/// outside may be used inside and the reverse. Keys in files are better read outside.
///
/// Null, which stands for the default context, when the configuration of OpenSSL names providers (FIPS, for
/// one): then those shall do the work. Made by the first call and never freed. Thread-safe.
OSSL_LIB_CTX* server_library();

}  // namespace sallyport::pki
