#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <filesystem>

namespace sallyport::pki {

/// Copies the whole depot, keys included, into a new folder `target`, which appears in one step and is a
/// depot of its own. The caller holds the depot's lock, so that the copy is of one moment.
Result<Answer> back_up(Depot& depot, const std::filesystem::path& target, const Occasion& occasion);

/// Makes a depot in `root`, which must be missing, from a backup. The backup's index and audit log must be
/// whole; "no" when they are not. What was revoked after the backup is not known to the restored depot: the
/// answer says how to take it over from the CRLs that were published (`crl adopt`).
Result<Answer> restore(const std::filesystem::path& backup, const std::filesystem::path& root,
                       const Occasion& occasion);

}  // namespace sallyport::pki
