#include "gateway/device_limiter.h"

#include <algorithm>
#include <cmath>

namespace sallyport::gateway {
namespace {

std::chrono::seconds rest_of_day(std::chrono::sys_seconds now) {
    const auto tomorrow = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1);
    return tomorrow - now;
}

}  // namespace

DeviceLimiter::Usage& DeviceLimiter::usage_of(Shard& shard, std::string_view device) {
    const auto found = shard.usages.find(device);
    if (found != shard.usages.end()) return found->second;
    if (shard.usages.size() >= per_shard_)
        std::erase_if(shard.usages, [](const auto& entry) { return entry.second.connections == 0; });
    return shard.usages[std::string(device)];
}

std::uint64_t& DeviceLimiter::bytes_of_day(Usage& usage, std::chrono::sys_seconds now) {
    const auto today = std::chrono::floor<std::chrono::days>(now);
    if (usage.day != today) {
        usage.day = today;
        usage.bytes = 0;
    }
    return usage.bytes;
}

bool DeviceLimiter::connect(std::string_view device, const DeviceLimits& limits) {
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    const std::uint64_t connections = ++usage_of(shard, device).connections;
    return limits.connections == 0 || connections <= limits.connections;
}

void DeviceLimiter::disconnect(std::string_view device) {
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.usages.find(device);
    if (found == shard.usages.end() || --found->second.connections > 0) return;
    // Without limits of requests and bytes nothing else was counted.
    if (found->second.tokens < 0 && found->second.bytes == 0) shard.usages.erase(found);
}

std::optional<std::chrono::seconds> DeviceLimiter::request(std::string_view device,
                                                           const DeviceLimits& limits,
                                                           Clock::time_point now) {
    if (limits.requests_per_second == 0) return std::nullopt;
    const auto rate = static_cast<double>(limits.requests_per_second);
    const double full = std::max(static_cast<double>(limits.request_burst), 1.0);
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    Usage& usage = usage_of(shard, device);
    const double passed = std::chrono::duration<double>(now - usage.filled).count();
    usage.tokens = usage.tokens < 0 ? full : std::min(full, usage.tokens + std::max(passed, 0.0) * rate);
    usage.filled = now;
    if (usage.tokens >= 1) {
        usage.tokens -= 1;
        return std::nullopt;
    }
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil((1 - usage.tokens) / rate)));
}

std::optional<std::chrono::seconds> DeviceLimiter::reserve(std::string_view device,
                                                           const DeviceLimits& limits, std::uint64_t bytes,
                                                           std::chrono::sys_seconds now) {
    if (limits.bytes_per_day == 0) return std::nullopt;
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    std::uint64_t& used = bytes_of_day(usage_of(shard, device), now);
    const std::uint64_t left = limits.bytes_per_day - std::min(used, limits.bytes_per_day);
    if (left == 0 || bytes > left) return rest_of_day(now);
    used += bytes;
    return std::nullopt;
}

void DeviceLimiter::settle(std::string_view device, std::uint64_t reserved, std::uint64_t used,
                           std::chrono::sys_seconds now) {
    Shard& shard = shard_of(device);
    const std::lock_guard lock(shard.mutex);
    std::uint64_t& bytes = bytes_of_day(usage_of(shard, device), now);
    bytes = bytes - std::min(bytes, reserved) + used;  // a new day may have begun meanwhile
}

std::size_t DeviceLimiter::known_devices() const {
    std::size_t count = 0;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        count += shard.usages.size();
    }
    return count;
}

std::vector<DailyBytes> DeviceLimiter::used_today(std::chrono::sys_seconds now) const {
    const auto today = std::chrono::floor<std::chrono::days>(now);
    std::vector<DailyBytes> used;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (const auto& [device, usage] : shard.usages) {
            if (usage.day == today && usage.bytes > 0) used.push_back({device, today, usage.bytes});
        }
    }
    return used;
}

void DeviceLimiter::restore(const DailyBytes& use, std::chrono::sys_seconds now) {
    if (use.day != std::chrono::floor<std::chrono::days>(now) || use.bytes == 0) return;
    Shard& shard = shard_of(use.device);
    const std::lock_guard lock(shard.mutex);
    std::uint64_t& used = bytes_of_day(usage_of(shard, use.device), now);
    used += std::min(use.bytes, UINT64_MAX - used);
}

}  // namespace sallyport::gateway
