#pragma once

#include "pki/crl.h"
#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/depot.h"
#include "pki/tool/selection.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// What a change of revocations did, and which CRLs must come into force for it.
struct Change {
    Answer answer;
    std::vector<PublishedCrl> crls = {};
};

struct ChangeOptions {
    bool dry_run = false;                          ///< say what would happen, change nothing
    std::optional<std::uint64_t> yes_revoke = {};  ///< the operator knows that it will be this many
    std::filesystem::path activity = {};           ///< a gateway's /status?view=devices, for the dry run
    std::chrono::days active_within{7};
};

// Each of these commits to the index first and then publishes the CRL. When that fails the change stands: the
// next command that writes to the depot publishes it. All or nothing: what cannot be found is a "no" and
// changes nothing.

/// Revokes for ever. Already revoked is a "yes" that says so; unknown or expired is a "no". A certificate
/// on hold becomes revoked as of the hold. More than the configured share of the fleet is a "no" unless
/// `yes_revoke` is the very number.
Result<Change> revoke(Depot& depot, const Selection& selection, const RevocationRequest& request,
                      const ChangeOptions& options, const Occasion& occasion);

/// Suspends with reason certificateHold (RFC 5280 5.3.1). "No" for what is revoked.
Result<Change> hold(Depot& depot, const Selection& selection, const ChangeOptions& options,
                    const Occasion& occasion);

/// Lifts a hold. "No" for what is not on hold.
Result<Change> unhold(Depot& depot, const Selection& selection, const ChangeOptions& options,
                      const Occasion& occasion);

/// Publishes new CRLs of one authority, or of all when `authority` is empty; with `only_if_older`, of those
/// whose CRL is that old.
struct RefreshRequest {
    std::string authority = {};
    std::optional<std::chrono::hours> lifetime = {};
    bool only_if_due = false;  ///< by `refresh_after` of the configuration
    std::optional<std::chrono::seconds> only_if_older = {};
};
Result<Change> refresh_crls(Depot& depot, const RefreshRequest& request, const Occasion& occasion);

}  // namespace sallyport::pki
