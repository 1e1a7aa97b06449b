#pragma once

#include "pki/crl.h"
#include "pki/crl_ladder.h"
#include "pki/distribution_point.h"
#include "pki/revoked_serials.h"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::pki {

/// Who signs: a CA's name and key together (RFC 5280 6.3.3: a CRL speaks for the certificates that its
/// signer's name *and* key issued). A digest, so that it fits into a session.
using IssuerId = std::array<std::uint8_t, 36>;

/// The identity under which `authority` issues certificates and CRLs.
IssuerId issuer_id(const X509& authority);

/// What is known of one loaded CRL.
struct CrlFacts {
    IssuerId issuer;
    std::string issuer_name;  ///< RFC 2253, for people
    std::string origin;       ///< the file it came from
    std::string number;       ///< decimal; empty when the CRL has none
    std::string sha256;       ///< of its DER, hex
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    CrlScope scope;
    PointIds points;         ///< of a partitioned CRL; empty for one that speaks about all certificates
    std::string point_text;  ///< the same for people
    std::string base;        ///< of a delta CRL: the number of the complete CRL that it needs, decimal
    std::size_t entries;

    bool is_delta() const noexcept { return !base.empty(); }
    CrlLifetime lifetime() const noexcept { return {this_update, next_update}; }
    /// Do both speak about the same certificates of the same issuer?
    bool same_list_as(const CrlFacts& other) const noexcept {
        return issuer == other.issuer && scope == other.scope && points == other.points;
    }
};

/// A verified CRL in the form that decisions need. Never changed once it is in a list.
struct LoadedCrl {
    CrlFacts facts;
    std::string number_octets;  ///< minimal INTEGER octets; empty when it has no number
    std::string base_octets;    ///< of a delta
    RevokedSerials serials;
    RevokedSerials invalid_since;  ///< only the entries that state an invalidity date, in place of their date
};

/// Orders CRL numbers (RFC 5280 5.2.3, minimal INTEGER octets): negative, zero or positive; none is below
/// any.
int compare_numbers(std::string_view a, std::string_view b) noexcept;

/// What one issuer says about one scope: a complete CRL and the newest delta CRL that fits it, applied
/// (RFC 5280 5.2.4). The two are kept apart, so that a delta of some entries never costs a copy of a list of
/// millions. Immutable; copies share their CRLs.
class RevocationList {
  public:
    /// `delta` may be null.
    RevocationList(std::shared_ptr<const LoadedCrl> complete, std::shared_ptr<const LoadedCrl> delta);

    /// Can `delta` be applied to `complete`, and does it say more than it?
    static bool fits(const LoadedCrl& complete, const LoadedCrl& delta) noexcept;

    const std::shared_ptr<const LoadedCrl>& complete() const noexcept { return complete_; }
    const std::shared_ptr<const LoadedCrl>& delta() const noexcept { return delta_; }
    /// The facts that it is known by: the delta's when there is one.
    const CrlFacts& newest() const noexcept { return delta_ ? delta_->facts : complete_->facts; }
    /// How many certificates it revokes, delta applied.
    std::size_t size() const noexcept { return size_; }

    struct Found {
        CrlReason reason;
        std::chrono::sys_seconds revoked_at;
        std::optional<std::chrono::sys_seconds> invalid_since;
        const CrlFacts* crl;  ///< the CRL that lists it; lives as long as this list
    };
    std::optional<Found> find(Bytes serial) const noexcept;

    /// When both have expired.
    std::chrono::sys_seconds next_update() const noexcept;
    CrlState state(const CrlLadder& ladder, std::chrono::sys_seconds now) const noexcept;

    /// How many certificates this list revokes and `newer` does not, by whose doing.
    struct Dropped {
        std::size_t by_complete = 0;  ///< left out of the complete CRL (and not in the delta)
        std::size_t by_delta =
            0;  ///< removed by the delta, or left out of it when the complete CRL is the same
    };
    /// Without those that `may_go` lets go. Linear in the complete CRLs when they differ, else in the deltas.
    Dropped dropped_by(const RevocationList& newer,
                       const std::function<bool(const RevokedSerials::Entry&)>& may_go) const;

  private:
    std::optional<RevokedSerials::Entry> entry(Bytes serial) const noexcept;

    std::shared_ptr<const LoadedCrl> complete_;
    std::shared_ptr<const LoadedCrl> delta_;
    std::size_t size_;
};

}  // namespace sallyport::pki
