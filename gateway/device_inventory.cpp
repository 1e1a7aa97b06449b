#include "gateway/device_inventory.h"

#include <algorithm>
#include <functional>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_serial_bytes = 64;  // RFC 5280 4.1.2.2 allows 40 digits
constexpr auto no_date = std::chrono::sys_seconds::max();

/// Shadow mode's counts, of a device and of nobody.
template <class Counted>
bool begins_anew(Counted& counted, const Sighting& sighting) {
    const bool anew = counted.rules != sighting.rules;
    if (anew) {
        counted.requests = counted.denied = 0;
        counted.last_denial.reset();
    }
    counted.rules = sighting.rules;
    ++counted.requests;
    if (sighting.denial) {
        ++counted.denied;
        counted.last_denial = sighting.denial;
    }
    return anew;
}

}  // namespace

// ---- rows --------------------------------------------------------------------------------------------

DeviceInventory::Agreed DeviceInventory::Shard::agreed(const Row& row) const {
    return {std::string(names.text(row.version)), std::string(names.text(row.cipher)),
            row.proven ? row.key_bits : 0};
}

bool DeviceInventory::Shard::agrees(const Row& row, const Sighting& sighting) const {
    return names.text(row.version) == sighting.version && names.text(row.cipher) == sighting.cipher &&
           (row.proven ? row.key_bits : 0) == (sighting.proven ? sighting.key_bits : 0);
}

void DeviceInventory::Shard::enter_totals(const Row& row) {
    if (row.seen) ++totals[agreed(row)];
}

void DeviceInventory::Shard::leave_totals(const Row& row) {
    if (!row.seen) return;
    const auto found = totals.find(agreed(row));
    if (found != totals.end() && --found->second == 0) totals.erase(found);
}

void DeviceInventory::Shard::count(Row& row, const Sighting& sighting, std::chrono::sys_seconds now) {
    row.last_seen = now;
    if (!sighting.shadow) return;
    if (begins_anew(row, sighting)) details.assign(row.last_denial_detail, "");
    if (sighting.denial) details.assign(row.last_denial_detail, sighting.denial_detail);
}

void DeviceInventory::Shard::add(RefusalRow& row, const Refusals& refusals) {
    if (refusals.count == 0) return;
    row.count += refusals.count;
    row.last = refusals.last;
    row.at = refusals.at;
    details.assign(row.detail, refusals.detail);
}

void DeviceInventory::Shard::add(Row& row, const DeviceUse& use) {
    row.requests_seen += use.requests;
    row.bytes_in += use.bytes_in;
    row.bytes_out += use.bytes_out;
    add(row.refusals, use.refusals);
}

void DeviceInventory::Shard::take_in(Row& row, const Sighting& sighting) {
    names.assign(row.listener, sighting.listener);
    names.assign(row.version, sighting.version);
    names.assign(row.cipher, sighting.cipher);
    details.assign(row.refusal_detail, sighting.refusal_detail);
    row.key_bits = sighting.key_bits;
    row.proven = sighting.proven;
    row.shadow = sighting.shadow;
    row.enforced = sighting.enforced;
    row.refusal = sighting.refusal;
    row.certificate_not_after = sighting.certificate_not_after.value_or(no_date);
    if (row.serial != sighting.serial) row.serial = sighting.serial.substr(0, max_serial_bytes);
    row.certified = sighting.proven && !sighting.version.empty();
}

void DeviceInventory::Shard::prove(Row& row, std::string_view serial,
                                   std::optional<std::chrono::sys_seconds> not_after) {
    // Whoever still has a certificate of earlier, such as a revoked one, must not hide the one in use.
    if (!row.certified) {
        row.serial = serial.substr(0, max_serial_bytes);
        row.certificate_not_after = not_after.value_or(no_date);
    }
    if (row.proven) return;
    leave_totals(row);
    row.proven = true;
    enter_totals(row);
}

void DeviceInventory::Shard::add_earlier(RefusalRow& row, const Refusals& refusals) {
    if (row.count == 0) return add(row, refusals);
    row.count += refusals.count;
}

void DeviceInventory::Shard::add_earlier(Row& row, const KnownDevice& known) {
    const bool was_let_in = !known.version.empty();
    const bool is_new = !row.seen && !row.proven;
    const bool knows_better = row.seen && (row.proven || !known.proven);
    if (is_new || (was_let_in && !knows_better)) {
        leave_totals(row);
        const Row own = row;
        take_in(row, {.listener = known.listener,
                      .version = known.version,
                      .cipher = known.cipher,
                      .key_bits = known.key_bits,
                      .proven = known.proven,
                      .serial = known.serial,
                      .certificate_not_after = known.certificate_not_after,
                      .shadow = known.shadow,
                      .enforced = known.enforced,
                      .refusal = known.refusal,
                      .refusal_detail = known.refusal_detail});
        row.seen = was_let_in;
        enter_totals(row);
        if (own.proven) prove(row, own.serial, own.certificate_not_after);
    } else if (known.proven && !row.proven) {
        prove(row, known.serial, known.certificate_not_after);
    }
    if (row.requests == 0 || row.rules == known.rules) {
        row.rules = known.rules;
        row.requests += known.requests;
        row.denied += known.denied;
        if (!row.last_denial) {
            row.last_denial = known.last_denial;
            details.assign(row.last_denial_detail, known.last_denial_detail);
        }
    }
    row.first_seen = std::min(row.first_seen, known.first_seen);
    row.last_seen = std::max(row.last_seen, known.last_seen);
    row.changed = std::max(row.changed, known.last_seen);
    row.requests_seen += known.requests_seen;
    row.bytes_in += known.bytes_in;
    row.bytes_out += known.bytes_out;
    add_earlier(row.refusals, known.refusals);
    add_earlier(row.claims, known.claims);
}

KnownDevice DeviceInventory::Shard::described(const std::string& device, const Row& row) const {
    const auto name = [this](Text number) { return std::string(names.text(number)); };
    const auto text = [this](Text number) { return std::string(details.text(number)); };
    const auto refusals = [&](const RefusalRow& of) {
        return Refusals{of.count, of.last, text(of.detail), of.at};
    };
    KnownDevice known{.device = device,
                      .listener = name(row.listener),
                      .version = name(row.version),
                      .cipher = name(row.cipher),
                      .key_bits = row.key_bits,
                      .proven = row.proven,
                      .serial = row.serial,
                      .shadow = row.shadow,
                      .enforced = row.enforced,
                      .refusal = row.refusal,
                      .refusal_detail = text(row.refusal_detail),
                      .rules = row.rules,
                      .requests = row.requests,
                      .denied = row.denied,
                      .last_denial = row.last_denial,
                      .last_denial_detail = text(row.last_denial_detail),
                      .first_seen = row.first_seen,
                      .last_seen = row.last_seen,
                      .requests_seen = row.requests_seen,
                      .bytes_in = row.bytes_in,
                      .bytes_out = row.bytes_out,
                      .refusals = refusals(row.refusals),
                      .claims = refusals(row.claims)};
    if (row.certificate_not_after != no_date) known.certificate_not_after = row.certificate_not_after;
    return known;
}

DeviceInventory::Row* DeviceInventory::Shard::find(std::string_view device) {
    const auto found = devices.find(device);
    return found == devices.end() ? nullptr : &found->second;
}

DeviceInventory::Row* DeviceInventory::find_or_add(Shard& shard, std::string_view device,
                                                   std::size_t capacity, std::chrono::sys_seconds now) {
    if (Row* const row = shard.find(device)) return row;
    // Counted first: two shards must not take the last place both.
    const bool has_room = size_.fetch_add(1) < capacity;
    if (!has_room || device.size() > max_device_bytes) {
        size_.fetch_sub(1);
        ++shard.left_out;
        return nullptr;
    }
    Row& row = shard.devices.emplace(device, Row{}).first->second;
    row.first_seen = now;
    return &row;
}

void DeviceInventory::changed(Row& row, std::chrono::sys_seconds now) {
    row.changed = now;
    changes_.fetch_add(1, std::memory_order_relaxed);
}

// ---- what is told ------------------------------------------------------------------------------------

bool DeviceInventory::note(std::string_view device, const Sighting& sighting, std::size_t capacity,
                           std::chrono::sys_seconds now) {
    const bool vouched_for = sighting.proven || sighting.accepted;
    if (device.empty()) {
        if (!sighting.accepted || !sighting.denial) return false;
        const std::lock_guard lock(nobody_mutex_);
        nobody_.last_seen = now;
        if (sighting.shadow) begins_anew(nobody_, sighting);
        nobody_.last_denial_detail = sighting.denial_detail;
        return false;
    }
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    Row* const row = vouched_for ? find_or_add(shard, device, capacity, now) : shard.find(device);
    if (row == nullptr) return false;
    // Whoever only gives its name must not say when a device was last seen, nor what it was denied.
    if (row->proven && !vouched_for) return false;
    changed(*row, now);
    const bool first = !row->seen;
    shard.count(*row, sighting, now);
    if (!vouched_for || (row->proven && !sighting.proven)) return false;
    const bool verdict_changed = first || row->refusal != sighting.refusal ||
                                 row->shadow != sighting.shadow || row->enforced != sighting.enforced;
    const bool moves = first || !shard.agrees(*row, sighting);
    if (moves) shard.leave_totals(*row);
    shard.take_in(*row, sighting);
    row->seen = true;
    if (moves) shard.enter_totals(*row);
    if (sighting.use != nullptr) shard.add(*row, *sighting.use);
    return verdict_changed;
}

void DeviceInventory::count(std::string_view device, const DeviceUse& use, std::chrono::sys_seconds now) {
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    Row* const row = shard.find(device);
    if (row == nullptr) return;
    shard.add(*row, use);
    row->last_seen = now;
    changed(*row, now);
}

void DeviceInventory::repeated(std::string_view device, const Repetition& repetition, const DeviceUse& use,
                               std::chrono::sys_seconds now) {
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    Row* const row = shard.find(device);
    if (row == nullptr) return;
    row->last_seen = now;
    if (row->rules == repetition.rules) {
        row->requests += repetition.requests;
        if (repetition.denied) row->denied += repetition.requests;
    }
    if (repetition.proven || !row->proven) shard.add(*row, use);
    changed(*row, now);
}

void DeviceInventory::refused(std::string_view device, const RefusedHandshake& handshake,
                              std::size_t capacity, std::chrono::sys_seconds now) {
    if (device.empty()) return;
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    Row* const row = handshake.proven ? find_or_add(shard, device, capacity, now) : shard.find(device);
    if (row == nullptr) return;
    changed(*row, now);
    shard.add(handshake.proven ? row->refusals : row->claims,
              Refusals{1, handshake.reason, std::string(handshake.detail), now});
    if (!handshake.proven) return;
    row->last_seen = now;
    // What a device agreed on last is known of handshakes that were let in; where it knocks also of others.
    shard.names.assign(row->listener, handshake.listener);
    shard.prove(*row, handshake.serial, handshake.certificate_not_after);
}

void DeviceInventory::restore(const KnownDevice& known, std::size_t capacity) {
    if (known.device.empty()) return;
    Shard& shard = shard_of(known.device);
    const std::lock_guard lock(shard.mutex);
    Row* const row = find_or_add(shard, known.device, capacity, known.first_seen);
    if (row != nullptr) shard.add_earlier(*row, known);
}

// ---- what is asked -----------------------------------------------------------------------------------

KnownDevice DeviceInventory::nobody() const {
    const std::lock_guard lock(nobody_mutex_);
    return nobody_;
}

std::vector<KnownDevice> DeviceInventory::list() const {
    return page("", SIZE_MAX);
}

std::vector<KnownDevice> DeviceInventory::page(std::string_view after, std::size_t limit,
                                               std::chrono::sys_seconds since) const {
    // First their ids alone, to find which is the last of the page; then what is known of these.
    std::array<std::vector<std::string>, shard_count> found;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < shard_count; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        const auto& devices = shards_[i].devices;
        for (auto at = devices.upper_bound(after); at != devices.end() && found[i].size() < limit; ++at) {
            if (at->second.changed >= since) found[i].push_back(at->first);
        }
        ids.insert(ids.end(), found[i].begin(), found[i].end());
    }
    const bool is_whole = ids.size() <= limit;
    const auto last = ids.begin() + static_cast<std::ptrdiff_t>(is_whole ? 0 : limit - 1);
    if (!is_whole) std::ranges::nth_element(ids, last);
    std::vector<KnownDevice> page;
    page.reserve(std::min(limit, ids.size()));
    for (std::size_t i = 0; i < shard_count; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        for (const std::string& id : found[i]) {
            if (!is_whole && id > *last) break;
            const auto device = shards_[i].devices.find(id);
            if (device != shards_[i].devices.end()) page.push_back(shards_[i].described(id, device->second));
        }
    }
    std::ranges::sort(page, {}, &KnownDevice::device);
    return page;
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
