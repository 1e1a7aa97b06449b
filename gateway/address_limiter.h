#pragma once

#include "gateway/client_network.h"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sallyport::gateway {

/// How much each client network may do in a minute: a token bucket that holds a minute's worth. Bounded: when
/// two networks share a place, the one that has used up more keeps it, and the other is not limited.
/// Thread-safe.
class AddressLimiter {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// `seed` keeps strangers from choosing addresses that share a place.
    AddressLimiter(std::size_t places, std::uint64_t seed) : seed_(seed), slots_(places) {}

    /// Has the network anything left? `per_minute` 0 is no limit.
    bool allows(const ClientNetwork& network, std::uint64_t per_minute, Time now) const;
    /// Takes one. True when that was the last: worth telling.
    bool take(const ClientNetwork& network, std::uint64_t per_minute, Time now);

  private:
    struct Slot {
        ClientNetwork network{};
        double used = 0;  ///< of a minute's worth, at `at`
        Time at{};
    };
    std::size_t place_of(const ClientNetwork& network) const;
    static double used_now(const Slot& slot, std::uint64_t per_minute, Time now);

    std::uint64_t seed_;
    mutable std::mutex mutex_;
    std::vector<Slot> slots_;
};

}  // namespace sallyport::gateway
