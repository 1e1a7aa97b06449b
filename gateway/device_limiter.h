#pragma once

#include "gateway/connection.h"
#include "gateway/rules/known_device.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::gateway {

/// What one device may use (`limits.device`); 0 = as much as it likes.
struct DeviceLimits {
    std::uint64_t connections = 0;  ///< at a time
    std::uint64_t requests_per_second = 0;
    std::uint64_t request_burst = 0;  ///< requests at once after a pause
    std::uint64_t bytes_per_day = 0;  ///< of bodies, both directions, from midnight to midnight UTC
};

/// Counts what devices that have proved themselves use: their connections, a token bucket of requests, and
/// the bytes of this day. What says nothing any more is dropped; beyond
/// `devices_at_most` the counts of devices without a connection are, too. Thread-safe.
class DeviceLimiter {
  public:
    explicit DeviceLimiter(std::size_t devices_at_most = 1'000'000)
        : per_shard_(devices_at_most / shard_count + 1) {}

    /// One more connection of this device; true when it is within `limits`. Each is given back, whatever the
    /// answer was.
    bool connect(std::string_view device, const DeviceLimits& limits);
    void disconnect(std::string_view device);

    /// Takes a token for one request. Nothing, or how long it is until there is one.
    std::optional<std::chrono::seconds> request(std::string_view device, const DeviceLimits& limits,
                                                Clock::time_point now);

    /// Sets `bytes` of this day's aside for a request. Nothing, or how long the day still lasts when there
    /// are not as many left. A request of unknown length sets 0 aside, and gets through while any are left.
    std::optional<std::chrono::seconds> reserve(std::string_view device, const DeviceLimits& limits,
                                                std::uint64_t bytes, std::chrono::sys_seconds now);
    /// What a request took in the end, instead of what was set aside.
    void settle(std::string_view device, std::uint64_t reserved, std::uint64_t used,
                std::chrono::sys_seconds now);

    std::size_t known_devices() const;

    /// What was used of this day's bytes, by those who used any: for `restore` after a restart.
    std::vector<DailyBytes> used_today(std::chrono::sys_seconds now) const;
    /// Adds to what is counted already. Of another day: nothing.
    void restore(const DailyBytes& use, std::chrono::sys_seconds now);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    struct Usage {
        std::uint64_t connections = 0;
        double tokens = -1;  ///< before the first request
        Clock::time_point filled{};
        std::chrono::sys_days day{};
        std::uint64_t bytes = 0;
    };
    using Usages = std::unordered_map<std::string, Usage, Hash, std::equal_to<>>;
    struct Shard {
        mutable std::mutex mutex;
        Usages usages;
    };
    static constexpr std::size_t shard_count = 16;

    Shard& shard_of(std::string_view device) { return shards_[Hash{}(device) % shard_count]; }
    Usage& usage_of(Shard& shard, std::string_view device);
    static std::uint64_t& bytes_of_day(Usage& usage, std::chrono::sys_seconds now);

    std::size_t per_shard_;
    std::array<Shard, shard_count> shards_;
};

}  // namespace sallyport::gateway
