#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A certification request (PKCS#10, RFC 2986) in PEM for the public half of `key`, signed with SHA-256: the
/// subject is the common name alone, and `uri`, which holds no comma, is asked for as subjectAltName. The
/// same RSA key gives the same text each time.
Result<std::string> write_certification_request(EVP_PKEY& key, const std::string& common_name,
                                                const std::string& uri);

/// What a certification request asks for. Names are decoded to UTF-8.
struct CertificationRequest {
    KeyPtr key;  ///< the public half
    std::vector<std::string> common_names;
    std::vector<std::string> san_uris;
};

/// Reads one request in PEM and checks its signature, which proves that its maker has the private key (RFC
/// 2986 3). `origin` names the file in errors. Errors (input): not one whole request; a signature that does
/// not fit or is made with SHA-1 or MD5; a key that is neither RSA of 2048 to 4096 bits, with an odd public
/// exponent above 2^16, nor P-256.
Result<CertificationRequest> parse_certification_request(std::string_view pem, std::string_view origin);

}  // namespace sallyport::pki
