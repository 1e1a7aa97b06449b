#include "gateway/device_inventory.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

void count(KnownDevice& known, const Sighting& sighting, std::chrono::sys_seconds now) {
    known.last_seen = now;
    if (!sighting.shadow) return;
    if (known.rules != sighting.rules) {
        known.requests = known.denied = 0;
        known.last_denial.reset();
        known.last_denial_detail.clear();
    }
    known.rules = sighting.rules;
    ++known.requests;
    if (!sighting.denial) return;
    ++known.denied;
    known.last_denial = sighting.denial;
    known.last_denial_detail = sighting.denial_detail;
}

void take_in(KnownDevice& known, const Sighting& sighting) {
    known.listener = sighting.listener;
    known.version = sighting.version;
    known.cipher = sighting.cipher;
    known.key_bits = sighting.key_bits;
    known.proven = sighting.proven;
    known.shadow = sighting.shadow;
    known.enforced = sighting.enforced;
    known.refusal = sighting.refusal;
    known.refusal_detail = sighting.refusal_detail;
}

}  // namespace

bool DeviceInventory::note(std::string_view device, const Sighting& sighting, std::size_t capacity,
                           std::chrono::sys_seconds now) {
    const bool vouched_for = sighting.proven || sighting.accepted;
    if (device.empty()) {
        if (!sighting.accepted || !sighting.denial) return false;
        const std::lock_guard lock(nobody_mutex_);
        count(nobody_, sighting, now);
        return false;
    }
    Shard& shard = shards_[Hash{}(device) % shard_count];
    const std::lock_guard lock(shard.mutex);
    auto found = shard.devices.find(device);
    const bool first = found == shard.devices.end();
    if (first) {
        if (!vouched_for) return false;
        if (shard.devices.size() >= std::max<std::size_t>(1, capacity / shard_count)) {
            ++shard.left_out;
            return false;
        }
        found = shard.devices.emplace(device, KnownDevice{}).first;
        found->second.device = device;
        found->second.first_seen = now;
    }
    KnownDevice& known = found->second;
    count(known, sighting, now);
    if (!vouched_for || (known.proven && !sighting.proven)) return false;
    if (!first && --shard.totals[agreed(known)] == 0) shard.totals.erase(agreed(known));
    const bool changed = first || known.refusal != sighting.refusal || known.shadow != sighting.shadow ||
                         known.enforced != sighting.enforced;
    take_in(known, sighting);
    ++shard.totals[agreed(known)];
    return changed;
}

KnownDevice DeviceInventory::nobody() const {
    const std::lock_guard lock(nobody_mutex_);
    return nobody_;
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
