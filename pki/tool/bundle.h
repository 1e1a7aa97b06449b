#pragma once

#include "pki/pkcs7.h"
#include "pki/result.h"
#include "pki/tool/answer.h"

#include <chrono>
#include <filesystem>
#include <vector>

namespace sallyport::pki {

struct BundleRequest {
    std::filesystem::path out;
    std::vector<std::filesystem::path> sources;  ///< one certificate each
    BundleForm form = BundleForm::pem;
    /// Chains (PEM) that servers send today, or will: each must be trusted by a device with this bundle.
    std::vector<std::filesystem::path> served = {};
};

/// Writes a device's `certs_server.p7b`. Errors (input), and then nothing is written: what a device cannot
/// load: more than 10 certificates, an equal issuer or subject, another key than RSA. "No", and nothing is
/// written: a chain that a device with this bundle would not trust, so that it could never be reached again.
/// Notes: a certificate that is expired, or that old WiFi modules do not know the digest of (SHA-384).
Result<Answer> write_bundle(const BundleRequest& request, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
