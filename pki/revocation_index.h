#pragma once

#include "pki/crl.h"
#include "pki/crl_ladder.h"
#include "pki/revocation_list.h"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::pki {

/// The verdict on one certificate.
struct RevocationAnswer {
    enum class Status {
        good,
        revoked,
        crl_missing,  ///< no CRL of its issuer is in force
        crl_expired,  ///< the CRL that speaks about it expired beyond its grace
        crl_scope,    ///< there are CRLs of its issuer, but none for its distribution point
    } status;
    CrlReason reason = CrlReason::none;                       ///< when revoked
    std::chrono::sys_seconds revoked_at{};                    ///< when revoked
    std::optional<std::chrono::sys_seconds> invalid_since{};  ///< when revoked and the entry says so
    const CrlFacts* crl = nullptr;                            ///< what decided; null when missing
    const RevocationList* list = nullptr;  ///< the list it belongs to. Both live as long as the index
};
std::string_view to_string(RevocationAnswer::Status status) noexcept;

/// What operators watch of one issuer, all its lists taken together.
struct IssuerStatus {
    std::string name;
    std::string number;  ///< the highest, decimal; empty when there is none
    std::size_t entries;
    std::chrono::sys_seconds this_update;  ///< the earliest
    std::chrono::sys_seconds next_update;  ///< the earliest
    CrlState state;                        ///< the worst
    std::vector<std::string> sha256;       ///< of each CRL in force
};

/// Revocation state of any number of issuers, immutable after it was built. All calls are thread-safe.
class RevocationIndex {
  public:
    enum class Subject { user, authority };

    /// Is the certificate with this serial (minimal INTEGER octets) and these distribution points (sorted),
    /// issued by `issuer`, revoked at `now`? "Revoked" is answered from any CRL of the issuer and kind,
    /// however old, and whichever partition lists the serial: an issuer gives a serial once.
    RevocationAnswer ask(const IssuerId& issuer, Bytes serial, std::span<const PointId> points,
                         Subject subject, std::chrono::sys_seconds now) const noexcept;

    CrlState state(const RevocationList& list, std::chrono::sys_seconds now) const noexcept {
        return list.state(ladder_, now);
    }

    /// The last second in which certificates are let in by `list`: the end of its grace.
    std::chrono::sys_seconds enforced_until(const RevocationList& list) const noexcept;

    /// The lists in force, in no particular order.
    const std::vector<RevocationList>& lists() const noexcept { return lists_; }

    /// Every CRL in force, complete and delta.
    std::vector<const CrlFacts*> crls() const;

    /// By issuer, in the order of their names.
    std::vector<IssuerStatus> issuers(std::chrono::sys_seconds now) const;

  private:
    friend class RevocationIndexBuilder;

    std::vector<RevocationList> lists_;
    /// Of authorities that are not known at present: nobody asks them, but should the authority come back, an
    /// older list than this is a rollback.
    std::vector<RevocationList> dormant_;
    CrlLadder ladder_;
};

}  // namespace sallyport::pki
