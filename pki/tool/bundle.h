#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"

#include <chrono>
#include <filesystem>
#include <vector>

namespace sallyport::pki {

/// Writes a device's `certs_server.p7b` from files with one certificate each. Refuses what a device cannot
/// use: more than 10 certificates, two with the same subject or the same issuer, keys that are not RSA.
Result<Answer> write_bundle(const std::filesystem::path& out,
                            const std::vector<std::filesystem::path>& sources, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
