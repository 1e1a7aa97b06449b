#include "gateway/address_limiter.h"

#include <algorithm>
#include <cstring>

namespace sallyport::gateway {

ClientNetwork network_of(const boost::asio::ip::address& address) {
    ClientNetwork network{};
    if (address.is_v6() && !address.to_v6().is_v4_mapped()) {
        constexpr std::size_t prefix_bytes = 8;
        const auto bytes = address.to_v6().to_bytes();
        std::copy_n(bytes.begin(), prefix_bytes, network.begin());
        return network;
    }
    const auto v4 = address.is_v4()
                        ? address.to_v4()
                        : boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    const auto bytes = v4.to_bytes();
    network[10] = network[11] = 0xFF;  // as in a v4-mapped address: no /64 looks like it
    std::ranges::copy(bytes, network.begin() + 12);
    return network;
}

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
