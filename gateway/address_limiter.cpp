#include "gateway/address_limiter.h"

#include <algorithm>
#include <cstring>

namespace sallyport::gateway {

std::size_t AddressLimiter::place_of(const ClientNetwork& network) const {
    std::uint64_t halves[2];
    std::memcpy(halves, network.data(), sizeof halves);
    std::uint64_t mixed = seed_;
    for (const std::uint64_t half : halves) {  // the finaliser of SplitMix64
        mixed = (mixed ^ half) + 0x9E3779B97F4A7C15U;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        mixed ^= mixed >> 31U;
    }
    return mixed % slots_.size();
}

double AddressLimiter::used_now(const Slot& slot, std::uint64_t per_minute, Time now) {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(now - slot.at).count();
    return std::max(0.0, slot.used - minutes * static_cast<double>(per_minute));
}

bool AddressLimiter::allows(const ClientNetwork& network, std::uint64_t per_minute, Time now) const {
    if (per_minute == 0) return true;
    const std::lock_guard lock(mutex_);
    const Slot& slot = slots_[place_of(network)];
    return slot.network != network || used_now(slot, per_minute, now) + 1 <= static_cast<double>(per_minute);
}

bool AddressLimiter::take(const ClientNetwork& network, std::uint64_t per_minute, Time now) {
    if (per_minute == 0) return false;
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[place_of(network)];
    const double used = used_now(slot, per_minute, now);
    if (slot.network != network) {
        if (used > 1) return false;
        slot = {network, 1, now};
    } else {
        slot.used = std::min(used + 1, static_cast<double>(per_minute));
        slot.at = now;
    }
    const double left = static_cast<double>(per_minute) - slot.used;
    return left < 1 && used + 1 <= static_cast<double>(per_minute);
}

}  // namespace sallyport::gateway
