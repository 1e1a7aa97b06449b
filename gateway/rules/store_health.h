#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace sallyport::gateway {

/// Whether one server of the store is fit for requests, by what is seen of it. Up until something speaks
/// against it.
///
/// - A connection that a request could not get marks it down at once, and the next one that it gets marks it
///   up again.
/// - Checks mark it down after `fall` failures in a row, and up with the first success.
/// - One that takes connections but answers checks badly stays down until a check passes: that requests reach
///   it says nothing.
class StoreHealth {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    enum class Sign {
        connected,       ///< a request got a connection
        connect_failed,  ///< a request got none
        check_passed,
        check_unreachable,  ///< a check got no connection
        check_bad_answer,   ///< it got one, but no answer that will do
    };
    static constexpr unsigned fall = 2;

    /// True when it went up or down by this.
    bool note(Sign sign, TimePoint now);
    bool up() const noexcept { return !down_by_; }
    /// When it went up or down last; the epoch when it never did.
    TimePoint since() const noexcept { return since_; }

  private:
    enum class Cause { connection, answer };
    bool go_down(Cause cause, TimePoint now);
    bool go_up(TimePoint now);

    std::optional<Cause> down_by_;
    unsigned failed_checks_ = 0;
    TimePoint since_;
};

struct StoreCandidate {
    bool up = true;
    bool tried = false;      ///< by this request, in vain
    unsigned in_flight = 0;  ///< requests that it has now
};

/// Which server a request goes to: of those that are up the one with the fewest requests in flight, and
/// between equals one after the other (`turn` counts the requests). Uploads differ in size a thousandfold, so
/// that taking turns alone would heap them up at a slow server. When none is left that is up, the others are
/// tried by the same rule: checks may be wrong, and must lock nobody out. Nothing when all were tried.
std::optional<std::size_t> choose_server(std::span<const StoreCandidate> servers, std::size_t turn);

}  // namespace sallyport::gateway
