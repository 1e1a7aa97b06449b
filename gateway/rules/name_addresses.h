#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// The addresses of one DNS name over time: when to look them up, and what to keep. A look-up that fails
/// keeps what was found last: a name server that is down must not take the store along.
class NameAddresses {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    /// More of them are left out.
    static constexpr std::size_t max_addresses = 16;
    /// After a failure the next look-up does not wait for the whole interval.
    static constexpr std::chrono::milliseconds longest_retry{5000};

    explicit NameAddresses(std::chrono::milliseconds interval) : interval_(interval) {}
    /// With what was known before.
    NameAddresses(std::chrono::milliseconds interval, std::vector<std::string> known)
        : interval_(interval), addresses_(std::move(known)) {}

    /// True at most once until the outcome is told.
    bool begins_look_up(TimePoint now);

    enum class Outcome {
        unchanged,
        changed,       ///< there are other addresses
        failed,        ///< for the first time since it succeeded
        still_failing  ///< nothing that was not said before
    };
    /// What a look-up found, in any order; nothing is a failure, too.
    Outcome looked_up(std::vector<std::string> found, TimePoint now);

    /// Sorted, each once.
    const std::vector<std::string>& addresses() const noexcept { return addresses_; }

  private:
    std::chrono::milliseconds interval_;
    std::vector<std::string> addresses_;
    TimePoint next_{};
    bool looking_ = false;
    bool failing_ = false;
};

}  // namespace sallyport::gateway
