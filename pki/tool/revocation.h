#pragma once

#include "pki/crl.h"
#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <optional>
#include <string>

namespace sallyport::pki {

/// Which certificates: those of a device that have not expired, or the one with a serial.
struct Selection {
    std::string device_id;  ///< empty: by serial
    std::string serial;     ///< hexadecimal; empty: by device
};

// Each of these commits to the index first and then publishes the CRL. When that fails the change stands: the
// next command that writes to the depot publishes it.

/// Revokes for ever. Already revoked is a "yes" that says so; unknown or expired is a "no". A certificate
/// on hold becomes revoked as of the hold.
Result<Answer> revoke(Depot& depot, const Selection& selection, CrlReason reason,
                      std::chrono::sys_seconds now);

/// Suspends with reason certificateHold (RFC 5280 5.3.1). "No" for what is revoked.
Result<Answer> hold(Depot& depot, const Selection& selection, std::chrono::sys_seconds now);

/// Lifts a hold. "No" for what is not on hold.
Result<Answer> unhold(Depot& depot, const Selection& selection, std::chrono::sys_seconds now);

/// Publishes new CRLs of one authority, or of all when `authority` is empty.
Result<Answer> publish_crls(Depot& depot, const std::string& authority,
                            std::optional<std::chrono::days> lifetime, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
