#pragma once

#include "pki/result.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// Which certificates a command means: the union of all that is given.
struct Selection {
    std::vector<std::string> device_ids = {};  ///< each unexpired certificate of the device
    std::vector<std::string> serials = {};     ///< hexadecimal: this certificate alone, expired or not
    std::vector<std::filesystem::path> certificates = {};  ///< PEM or DER files with one certificate each
    std::filesystem::path csv = {};                        ///< columns device_id or serial
    std::optional<std::chrono::sys_seconds> issued_before = {};  ///< unexpired device certificates
    std::string batch = {};                                      ///< unexpired device certificates of a batch

    bool empty() const noexcept;
};

struct Selected {
    /// Each once, in the order in which they were named; without the certificates themselves.
    std::vector<CertificateRecord> records;
    std::vector<CertificateRecord> unrecorded;  ///< those of `records` that the index does not know yet
    std::vector<std::string> unknown;           ///< what names nothing in this depot, for people
    std::vector<std::string> expired;           ///< devices of which only expired certificates are there
};

/// Looks everything up and changes nothing. Errors (input): malformed IDs and serials, with file and line
/// where they come from one; a certificate that no authority of this depot signed; a root, which no CRL of
/// its own can revoke.
Result<Selected> select(Depot& depot, const Selection& selection, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
