#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/crl_publication.h"
#include "pki/tool/depot.h"
#include "pki/tool/publication/gateway_watch.h"

#include <chrono>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace sallyport::pki {

/// The authorities whose CRLs a distribution is about, beside those that were distributed before.
struct NewCrls {
    std::set<std::string> authorities = {};
    bool have_changed = false;  ///< what they revoke, not only their dates
};
NewCrls new_crls(std::span<const PublishedCrl> crls, bool have_changed);

/// Puts the depot's CRLs into these places, those of the same authorities all at once, and says for each
/// what is there now. What is not in place goes into `answer.failure`. A place that has them all already, by
/// what this depot knows, is asked nevertheless. A new CRL that no place takes is a failure, too; one about
/// authorities or servers, which gateways do without, only when it has changed.
Result<void> distribute(Depot& depot, std::span<const PublicationPlace> places, const NewCrls& fresh,
                        Answer& answer, const Occasion& occasion);
/// With all of the depot's CRLs as new ones.
Result<void> distribute_all(Depot& depot, std::span<const PublicationPlace> places, Answer& answer,
                            const Occasion& occasion);

/// Lines about what the places of the configuration do not have, or have otherwise: they are asked, whatever
/// this depot remembers of them.
Result<std::vector<std::string>> misplaced(Depot& depot);

/// Is there a place of the configuration that did not get the CRLs that are published in the depot?
Result<bool> is_distribution_open(Depot& depot);

/// Waits until all gateways of the configuration enforce what a command published.
class GatewayWait {
  public:
    /// To be made before anything is published. A gateway whose anchors or secrets cannot be read is told at
    /// the end: a revocation does not wait for that to be mended. Errors: no gateway is configured.
    static Result<GatewayWait> begin(Depot& depot);

    /// Adds a line for each gateway and CRL to `answer`, and what is not in force to `answer.failure`.
    Result<void> finish(Depot& depot, std::span<const PublishedCrl> crls, std::chrono::seconds patience,
                        Answer& answer, std::ostream& err);

  private:
    explicit GatewayWait(GatewayWatch watch) : watch_(std::move(watch)) {}
    Result<void> ask_before(Depot& depot, const AuthorityRecord& authority);

    GatewayWatch watch_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    /// By gateway: it enforces a higher number than this depot ever took. The depot is older than what was
    /// published, or the gateway lies; the others are waited for all the same.
    std::multimap<std::string, std::string> ahead_;
    std::vector<std::string> unusable_;  ///< gateways whose anchors or secrets cannot be read
    std::set<std::string> concerned_;    ///< authorities whose CRLs gateways look at
};

}  // namespace sallyport::pki
