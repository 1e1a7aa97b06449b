#include "gateway/device_inventory.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

void take_in(KnownDevice& known, const Sighting& sighting, std::chrono::sys_seconds now) {
    known.listener = sighting.listener;
    known.version = sighting.version;
    known.cipher = sighting.cipher;
    known.key_bits = sighting.key_bits;
    known.proven = sighting.proven;
    known.shadow = sighting.shadow;
    known.enforced = sighting.enforced;
    known.refusal = sighting.refusal;
    known.refusal_detail = sighting.refusal_detail;
    known.last_seen = now;
    if (!sighting.shadow) return;
    ++known.requests;
    if (!sighting.denial) return;
    ++known.denied;
    known.last_denial = sighting.denial;
    known.last_denial_detail = sighting.denial_detail;
}

}  // namespace

bool DeviceInventory::note(std::string_view device, const Sighting& sighting, std::size_t capacity,
                           std::chrono::sys_seconds now) {
    Shard& shard = shards_[Hash{}(device) % shard_count];
    const std::lock_guard lock(shard.mutex);
    auto found = shard.devices.find(device);
    const bool first = found == shard.devices.end();
    if (first) {
        if (shard.devices.size() >= std::max<std::size_t>(1, capacity / shard_count)) {
            ++shard.left_out;
            return false;
        }
        found = shard.devices.emplace(device, KnownDevice{}).first;
        found->second.device = device;
        found->second.first_seen = now;
    }
    KnownDevice& known = found->second;
    const auto agreed = [&known] { return Agreed{known.version, known.cipher, known.key_bits}; };
    if (!first && --shard.totals[agreed()] == 0) shard.totals.erase(agreed());
    const bool changed = first || known.refusal != sighting.refusal || known.shadow != sighting.shadow ||
                         known.enforced != sighting.enforced;
    take_in(known, sighting, now);
    ++shard.totals[agreed()];
    return changed;
}

std::vector<KnownDevice> DeviceInventory::list() const {
    std::vector<KnownDevice> all;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (const auto& [device, known] : shard.devices)
            all.push_back(known);
    }
    std::ranges::sort(all, {}, &KnownDevice::device);
    return all;
}

std::map<DeviceInventory::Agreed, std::size_t> DeviceInventory::totals() const {
    std::map<Agreed, std::size_t> sum;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (const auto& [agreed, count] : shard.totals)
            sum[agreed] += count;
    }
    return sum;
}

std::uint64_t DeviceInventory::left_out() const {
    std::uint64_t sum = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        sum += shard.left_out;
    }
    return sum;
}

}  // namespace sallyport::gateway
