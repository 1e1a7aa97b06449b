#pragma once

#include <chrono>
#include <string_view>

namespace sallyport::pki {

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

/// The lifetime of a CRL, thisUpdate to nextUpdate.
struct CrlLifetime {
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
};

/// The rung on which a complete CRL stands at `now`.
CrlState state_of(const CrlLifetime& complete, const CrlLadder& ladder,
                  std::chrono::sys_seconds now) noexcept;

/// The same for a complete CRL with a delta applied. Together they are enforced as long as either is by
/// itself: a delta that is late is an alarm (`due`), not a lock-out, while the complete CRL has not expired.
CrlState state_of(const CrlLifetime& complete, const CrlLifetime& delta, const CrlLadder& ladder,
                  std::chrono::sys_seconds now) noexcept;

}  // namespace sallyport::pki
