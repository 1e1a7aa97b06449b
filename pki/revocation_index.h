#pragma once

#include "pki/crl.h"
#include "pki/revoked_serials.h"

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

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
    std::size_t entries;
};

/// Guards against a list that forgets (a mishap with the CA's database, an older copy under a new number).
struct ShrinkGuard {
    /// No certificate lives longer than this: an entry revoked longer ago may leave the list.
    std::chrono::seconds longest_lifetime{std::chrono::hours(24 * 1100)};
    /// SHA-256 (hex) of CRLs that an operator accepted although they shrink.
    std::set<std::string> accepted;
};

/// How far a CRL has aged: the rungs of the ladder from "in order" to "nobody gets in".
enum class CrlState {
    not_yet,  ///< thisUpdate lies in the future, beyond what clocks may differ
    fresh,    ///< in force
    due,      ///< in force, but a newer one should be here by now: time for an alarm
    grace,    ///< expired, still enforced
    closed,   ///< expired beyond the grace: its issuer's certificates are refused
};
inline constexpr CrlState crl_states[] = {CrlState::not_yet, CrlState::fresh, CrlState::due, CrlState::grace,
                                          CrlState::closed};
std::string_view to_string(CrlState state) noexcept;

/// Is a CRL of this age still what decisions are made by?
bool is_enforced(CrlState state) noexcept;

/// When a CRL passes from one rung to the next.
struct CrlLadder {
    unsigned due_percent = 75;      ///< share of its lifetime after which a CRL is due
    std::chrono::seconds grace{0};  ///< how long it is enforced after nextUpdate
};

/// The verdict on one certificate.
struct RevocationAnswer {
    enum class Status { good, revoked, crl_missing, crl_expired } status;
    CrlReason reason = CrlReason::none;     ///< when revoked
    std::chrono::sys_seconds revoked_at{};  ///< when revoked
    const CrlFacts* crl = nullptr;          ///< what decided; lives as long as the index; null when missing
};

/// Revocation state of any number of issuers, immutable after it was built. All calls are thread-safe.
class RevocationIndex {
  public:
    enum class Subject { user, authority };

    /// Is the certificate with this serial (minimal INTEGER octets), issued by `issuer`, revoked at `now`?
    /// "Revoked" is answered from any CRL of the issuer, however old: what was revoked stays so.
    RevocationAnswer ask(const IssuerId& issuer, Bytes serial, Subject subject,
                         std::chrono::sys_seconds now) const noexcept;

    CrlState state(const CrlFacts& crl, std::chrono::sys_seconds now) const noexcept;

    /// The CRLs in force, in no particular order.
    std::vector<const CrlFacts*> crls() const;

  private:
    friend class RevocationIndexBuilder;
    struct Section {
        CrlFacts facts;
        std::string number_octets;
        RevokedSerials serials;
    };
    std::vector<std::shared_ptr<const Section>> sections_;
    CrlLadder ladder_;
};

/// Builds an index from CRLs and the certificates of the authorities that may sign them. `previous` is what
/// was in force: a CRL that has not changed is taken over from it without reading its entries again, an older
/// one than it holds is refused (`rollback`), and the list of an authority of which no CRL is offered any
/// more stays, since a lost file must not un-revoke anybody.
class RevocationIndexBuilder {
  public:
    struct Added {
        CrlLoad result;  ///< `loaded` or `unchanged`
    };

    /// `authorities` and `previous` (may be null) must outlive the builder.
    RevocationIndexBuilder(std::vector<X509*> authorities, CrlLadder ladder, const RevocationIndex* previous,
                           ShrinkGuard guard = {})
        : authorities_(std::move(authorities)), previous_(previous), guard_(std::move(guard)) {
        index_.ladder_ = ladder;
    }

    /// Verifies and takes in one DER CRL. Of several CRLs of one issuer and scope the highest number wins
    /// (then the latest thisUpdate), whatever their order.
    CrlResult<Added> add(std::string_view origin, Bytes der);

    /// A CRL that lost against what was in force before.
    struct Refused {
        std::string origin;
        CrlError error;  ///< `rollback` or `shrink`
    };
    struct Finished {
        RevocationIndex index;
        std::vector<Refused> refused;
    };

    /// Weighs the winner of each list against what was in force: an older file that lies beside a newer one
    /// is no fault, one that lies there alone is.
    Finished finish();

  private:
    using Section = RevocationIndex::Section;
    CrlResult<const X509*> signer_of(const CrlView& view) const;
    std::shared_ptr<const Section> previous_section(const IssuerId& issuer, CrlScope scope) const;
    void keep(std::shared_ptr<const Section> section);

    std::vector<X509*> authorities_;
    CrlResult<void> check_shrink(const Section& old, const Section& fresh) const;

    /// Older than what is in force; not read to the end.
    struct Older {
        std::string origin;
        std::shared_ptr<const Section> in_force;
    };
    std::vector<Older> older_;

    const RevocationIndex* previous_;
    ShrinkGuard guard_;
    RevocationIndex index_;
};

}  // namespace sallyport::pki
