#pragma once

#include "pki/revocation_index.h"

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// Guards against a list that forgets (a mishap with the CA's database, an older copy under a new number).
struct ShrinkGuard {
    /// No certificate lives longer than this: an entry revoked longer ago may leave the list.
    std::chrono::seconds longest_lifetime{std::chrono::hours(24 * 1100)};
    /// SHA-256 (hex) of CRLs that an operator accepted although they shrink or are of an earlier day.
    std::set<std::string> accepted;
    /// What is not valid yet at this time is refused while something is in force.
    std::chrono::sys_seconds now = std::chrono::sys_seconds::max();
};

/// Builds an index from CRLs and the certificates of the authorities that may sign them. `previous` is what
/// was in force: a CRL that has not changed is taken over from it without reading its entries again, an older
/// one than it holds is refused (`rollback`), and the list of an authority of which no CRL is offered any
/// more stays, since a lost file must not un-revoke anybody. Delta CRLs are applied to the complete CRL of
/// their issuer and scope, wherever that comes from; one that cannot be applied is refused (`scope`), never
/// passed over. Not thread-safe.
class RevocationIndexBuilder {
  public:
    struct Added {
        CrlLoad result;      ///< `loaded` or `unchanged`
        std::string sha256;  ///< of its DER, hex
        std::string issuer;  ///< RFC 2253
    };

    /// `authorities` and `previous` (may be null) must outlive the builder.
    RevocationIndexBuilder(std::vector<X509*> authorities, CrlLadder ladder, const RevocationIndex* previous,
                           ShrinkGuard guard = {});

    /// Verifies and takes in one DER CRL. Of several CRLs of one issuer and scope the highest number wins
    /// (then the latest thisUpdate), whatever their order.
    CrlResult<Added> add(std::string_view origin, Bytes der);

    /// A CRL that lost against what was in force before, or does not fit it.
    struct Refused {
        std::string origin;
        CrlError error;  ///< `rollback`, `shrink` or `scope`
    };
    struct Finished {
        RevocationIndex index;
        std::vector<Refused> refused;
        std::vector<CrlFacts>
            unoffered;  ///< complete CRLs that stay in force though no source has them any more
    };

    /// Weighs the winner of each list against what was in force: an older file that lies beside a newer one
    /// is no fault, one that lies there alone is.
    Finished finish();

  private:
    using Loaded = std::shared_ptr<const LoadedCrl>;

    /// All that was offered, and what was in force, of one issuer and scope.
    struct Candidates {
        const RevocationList* in_force = nullptr;
        std::vector<Loaded> completes;         ///< offered now
        std::vector<Loaded> deltas;            ///< offered now
        std::vector<std::string> older;        ///< origins of complete CRLs older than the one in force
        bool unchanged_delta_offered = false;  ///< the delta in force is still offered
    };

    CrlResult<Added> take(std::string_view origin, Bytes der, const CrlView& view);
    std::string known_issuer(const CrlView& view) const;
    CrlResult<const X509*> signer_of(const CrlView& view) const;
    Candidates& candidates_of(const CrlFacts& facts);
    CrlResult<Added> add_complete(Candidates& list, std::shared_ptr<LoadedCrl> crl, const CrlView& view);
    CrlResult<Added> add_delta(Candidates& list, std::shared_ptr<LoadedCrl> crl, const CrlView& view);
    CrlResult<void> check_time(const LoadedCrl& fresh) const;
    CrlResult<void> check_day(const LoadedCrl& fresh, const CrlFacts& in_force) const;
    CrlResult<void> check_shrink(const RevocationList& fresh, const RevocationList* in_force) const;
    std::optional<RevocationList> combine(const Candidates& list, const Loaded& complete,
                                          Finished& finished) const;
    void finish_list(const Candidates& list, Finished& finished) const;
    void report_older(const Candidates& list, const RevocationList& chosen, Finished& finished) const;

    std::vector<X509*> authorities_;
    CrlLadder ladder_;
    ShrinkGuard guard_;
    std::vector<RevocationList> dormant_;
    std::vector<std::pair<CrlFacts, Candidates>> lists_;  ///< the facts identify the list
};

}  // namespace sallyport::pki
