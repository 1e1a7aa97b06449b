#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <string>

namespace sallyport::pki {

/// A certification request (PKCS#10, RFC 2986) in PEM for the public half of `key`, signed with SHA-256: the
/// subject is the common name alone, and `uri`, which holds no comma, is asked for as subjectAltName. The
/// same RSA key gives the same text each time.
Result<std::string> write_certification_request(EVP_PKEY& key, const std::string& common_name,
                                                const std::string& uri);

}  // namespace sallyport::pki
