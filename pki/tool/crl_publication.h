#pragma once

#include "pki/result.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

struct PublishedCrl {
    CrlPlan plan;
    std::filesystem::path path;
    /// The clock is behind the previous CRL's thisUpdate: readers may take the older CRL for the newer one.
    bool clock_went_back;
};

/// "device-ca CRL number 7 written to DIR/crl/device-ca.crl.pem"
std::string describe(const PublishedCrl& crl);

/// Why CRLs are made; decides which of an authority's, and whether a delta will do.
enum class CrlOccasion {
    revocation,  ///< those whose revocations changed; as delta CRLs where the configuration wants it
    refresh,     ///< all, complete
    repair,      ///< those that are not in their place as the index says, complete
};

/// What became of CRLs that were to be made. One scope that fails does not keep the others from theirs.
struct Published {
    std::vector<PublishedCrl> crls = {};
    std::vector<std::string> failures = {};
    std::vector<std::string> warnings = {};  ///< what was mended on the way
};

/// Signs the next CRLs of an authority and puts them in their place in the depot by atomic rename. Their
/// number is used up before they are signed, so that a number never stands for two lists. `lifetime`, from
/// thisUpdate to nextUpdate, is that of the configuration unless given. A revocation or repair never makes
/// nextUpdate earlier than it was; a refresh may. A list never lacks what the one before it in the depot has
/// and must not lose (see CrlSuccession). Errors: none was made, of no scope.
Result<Published> publish_crls_of(Depot& depot, std::string_view authority, CrlOccasion why,
                                  const Occasion& occasion,
                                  std::optional<std::chrono::hours> lifetime = std::nullopt);

/// The newest CRL of a scope, complete or delta, as it lies in the depot.
Result<PublishedCrl> newest_published(Depot& depot, const CrlScopeId& scope);

/// Publishes again where the published file is not what the index says: after a process was killed between
/// a revocation and its CRL, or when the file is missing or was changed.
Result<Published> repair_publications(Depot& depot, const Occasion& occasion);

/// Has this CRL of the authority become older than `refresh_after`, so that a new one is due?
Result<bool> is_due(Depot& depot, const AuthorityRecord& authority, std::chrono::seconds refresh_after,
                    std::chrono::sys_seconds now);

/// A published CRL of the depot in DER, under the name that it has at its distribution point (RFC 5280
/// 4.2.1.13), e.g. "device-ca.crl".
struct DistributedCrl {
    std::string authority;
    std::string name;
    std::string der;
    std::string delta_name = {};  ///< of a complete CRL, where the authority publishes delta CRLs
};
Result<std::vector<DistributedCrl>> distributed_crls(Depot& depot);

}  // namespace sallyport::pki
