#pragma once

#include "gateway/rules/reason.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport::gateway {

/// What one connection or request shows of a device.
struct Sighting {
    std::string_view listener;
    std::string_view version;
    std::string_view cipher;
    unsigned key_bits = 0;  ///< of its certificate; 0 without
    bool proven = false;    ///< by a certificate that leads to an anchor; else the device is only claimed
    bool accepted = false;  ///< the store has accepted its request
    std::size_t rules = 0;  ///< stands for the configuration: counts begin anew with another one
    /// Shadow mode only: what mode high says to the certificate, and to the request.
    bool shadow = false;
    bool enforced = false;
    std::optional<Reason> refusal = std::nullopt;
    std::string_view refusal_detail = {};
    std::optional<Reason> denial = std::nullopt;
    std::string_view denial_detail = {};
};

/// What is known of one device: its last sighting, and counts.
struct KnownDevice {
    std::string device;
    std::string listener;
    std::string version;
    std::string cipher;
    unsigned key_bits = 0;
    bool proven = false;
    bool shadow = false;
    bool enforced = false;
    std::optional<Reason> refusal;
    std::string refusal_detail;
    std::size_t rules = 0;
    std::uint64_t requests = 0;  ///< in shadow mode, under these rules
    std::uint64_t denied = 0;    ///< of these, that mode high denies
    std::optional<Reason> last_denial;
    std::string last_denial_detail;
    std::chrono::sys_seconds first_seen{};
    std::chrono::sys_seconds last_seen{};
};

/// Which devices were seen, with which suites, and what mode high would say to them. Kept in memory, bounded:
/// beyond `capacity` new devices are counted and forgotten. What nobody has vouched for, neither a
/// certificate nor the store, makes no device known; a mere claim changes nothing about a device that has
/// proved itself but its counts. Thread-safe.
class DeviceInventory {
  public:
    /// True when mode high's verdict about this device has changed, or is the first. An empty `device`: the
    /// request was about none.
    bool note(std::string_view device, const Sighting& sighting, std::size_t capacity,
              std::chrono::sys_seconds now);

    /// In the order of their ids.
    std::vector<KnownDevice> list() const;

    /// Devices by what they agreed on last.
    /// Version, cipher, and key bits of those who have proved themselves.
    using Agreed = std::tuple<std::string, std::string, unsigned>;
    std::map<Agreed, std::size_t> totals() const;

    std::uint64_t left_out() const;  ///< sightings of devices for which there was no room
    /// Requests that the store accepted, that were about no device, and that mode high denies.
    KnownDevice nobody() const;

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    /// A list of all devices must not stop the workers for as long as it takes.
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string, KnownDevice, Hash, std::equal_to<>> devices;
        std::map<Agreed, std::size_t> totals;
        std::uint64_t left_out = 0;
    };
    static constexpr std::size_t shard_count = 16;

    static Agreed agreed(const KnownDevice& known) {
        return {known.version, known.cipher, known.proven ? known.key_bits : 0};
    }

    std::array<Shard, shard_count> shards_;
    mutable std::mutex nobody_mutex_;
    KnownDevice nobody_;
};

}  // namespace sallyport::gateway
