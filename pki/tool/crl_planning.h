#pragma once

#include "pki/result.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

namespace sallyport::pki {

/// Where a CRL has its place in the depot.
std::filesystem::path crl_path(const Depot& depot, const AuthorityRecord& authority, const CrlPlan& plan);

/// Which CRLs of one scope are to be made, with their dates and without a number: a complete one, a delta, or
/// both, so that who has the list before it need not fetch the new one (RFC 5280 5.2.4).
Result<std::vector<PublishedCrl>> plan_scope(Depot& depot, const AuthorityRecord& authority,
                                             const CrlScopeId& scope, const CrlSettings& settings,
                                             CrlOccasion why, std::optional<std::chrono::hours> lifetime,
                                             std::chrono::sys_seconds now);

}  // namespace sallyport::pki
