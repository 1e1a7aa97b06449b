#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// What two PEM files hold: a certificate with its chain, and a private key, which may not fit.
struct CertificateAndKey {
    std::vector<pki::CertificatePtr> chain;  ///< not empty
    pki::KeyPtr key;
};

/// Reads them, and adds digests of both files to `inputs`. Errors: what cannot be read or parsed, a key file
/// that others may read.
pki::Result<CertificateAndKey> read_certificate_and_key(const std::filesystem::path& chain,
                                                        const std::filesystem::path& key,
                                                        std::string& inputs);

}  // namespace sallyport::gateway
