#include "pki/crl_ladder.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

/// Clocks of a CA and of a gateway differ; a CRL from a CA that is a little ahead must not lock out a fleet.
constexpr std::chrono::minutes clock_tolerance{5};

std::chrono::sys_seconds due_at(const CrlLifetime& life, const CrlLadder& ladder) noexcept {
    return life.this_update + (life.next_update - life.this_update) * ladder.due_percent / 100;
}

CrlState state_between(std::chrono::sys_seconds begin, std::chrono::sys_seconds due,
                       std::chrono::sys_seconds end, const CrlLadder& ladder,
                       std::chrono::sys_seconds now) noexcept {
    if (now + clock_tolerance < begin) return CrlState::not_yet;
    if (now > end) return now <= end + ladder.grace ? CrlState::grace : CrlState::closed;
    return now < due ? CrlState::fresh : CrlState::due;
}

}  // namespace

std::string_view to_string(CrlState state) noexcept {
    switch (state) {
        case CrlState::not_yet:
            return "not_yet";
        case CrlState::fresh:
            return "fresh";
        case CrlState::due:
            return "due";
        case CrlState::grace:
            return "grace";
        case CrlState::closed:
            return "closed";
    }
    return "?";
}

bool is_enforced(CrlState state) noexcept {
    return state == CrlState::fresh || state == CrlState::due || state == CrlState::grace;
}

CrlState state_of(const CrlLifetime& complete, const CrlLadder& ladder,
                  std::chrono::sys_seconds now) noexcept {
    return state_between(complete.this_update, due_at(complete, ladder), complete.next_update, ladder, now);
}

CrlState state_of(const CrlLifetime& complete, const CrlLifetime& delta, const CrlLadder& ladder,
                  std::chrono::sys_seconds now) noexcept {
    const auto due = std::min(due_at(complete, ladder), due_at(delta, ladder));
    const auto end = std::max(complete.next_update, delta.next_update);
    return state_between(complete.this_update, due, end, ladder, now);
}

}  // namespace sallyport::pki
