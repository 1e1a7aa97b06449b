#pragma once

#include "gateway/rules/device_records.h"
#include "gateway/rules/known_device.h"
#include "gateway/text_pool.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sallyport::gateway {

/// What requests of a device have used since it was told last.
struct DeviceUse {
    std::uint64_t requests = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    Refusals refusals = {};

    bool is_empty() const { return requests == 0; }
};

/// What one connection or request shows of a device.
struct Sighting {
    std::string_view listener;
    std::string_view version;
    std::string_view cipher;
    unsigned key_bits = 0;  ///< of its certificate; 0 without
    bool proven = false;    ///< by a certificate that leads to an anchor; else the device is only claimed
    bool accepted = false;  ///< the store has accepted its request
    std::string_view serial = {};
    std::optional<std::chrono::sys_seconds> certificate_not_after = std::nullopt;
    const DeviceUse* use = nullptr;  ///< counts if what the sighting shows does; may be null
    std::size_t rules = 0;           ///< stands for the configuration: counts begin anew with another one
    /// Shadow mode only: what mode high says to the certificate, and to the request.
    bool shadow = false;
    bool enforced = false;
    std::optional<Reason> refusal = std::nullopt;
    std::string_view refusal_detail = {};
    std::optional<Reason> denial = std::nullopt;
    std::string_view denial_detail = {};
};

/// Requests in shadow mode that showed the same as one before them on their connection.
struct Repetition {
    std::uint64_t requests = 0;
    bool denied = false;  ///< by mode high
    bool proven = false;
    std::size_t rules = 0;  ///< see Sighting
};

/// A handshake that was refused because of the certificate.
struct RefusedHandshake {
    std::string_view listener;
    Reason reason;
    std::string_view detail;
    /// By a path that leads to an anchor, as that of a revoked device; else somebody only gave its name.
    bool proven = false;
    std::string_view serial = {};
    std::optional<std::chrono::sys_seconds> certificate_not_after = std::nullopt;
};

/// Which devices were seen, with which suites, what they used, what they were refused, and what mode high
/// would say to them. Bounded: beyond `capacity` new devices are counted and forgotten; 100,000 take less
/// than 60 MiB. What nobody has vouched for, neither a certificate nor the store, makes no device known; a
/// mere claim changes nothing about a device that has proved itself but the counts of such claims.
/// Thread-safe.
class DeviceInventory {
  public:
    /// True when mode high's verdict about this device has changed, or is the first. An empty `device`: the
    /// request was about none.
    bool note(std::string_view device, const Sighting& sighting, std::size_t capacity,
              std::chrono::sys_seconds now);
    /// What a device used that has proved itself and is known; nothing is counted for others.
    void count(std::string_view device, const DeviceUse& use, std::chrono::sys_seconds now);
    /// Counts what `note` was not told of one by one, for a device that is known.
    void repeated(std::string_view device, const Repetition& repetition, const DeviceUse& use,
                  std::chrono::sys_seconds now);
    void refused(std::string_view device, const RefusedHandshake& handshake, std::size_t capacity,
                 std::chrono::sys_seconds now);

    /// What an earlier process knew of a device, once. Counts add up; what this process has seen itself of
    /// the device, such as its certificate, stays.
    void restore(const KnownDevice& known, std::size_t capacity);

    /// In the order of their ids.
    std::vector<KnownDevice> list() const;
    /// At most `limit` (at least 1) of those whose ids come after `after` and about whom something has
    /// changed since `since`, in the order of their ids. No worker waits for it longer than a moment.
    std::vector<KnownDevice> page(std::string_view after, std::size_t limit,
                                  std::chrono::sys_seconds since = {}) const;

    std::size_t size() const { return size_.load(); }

    /// Devices by what they agreed on last.
    /// Version, cipher, and key bits of those who have proved themselves.
    using Agreed = std::tuple<std::string, std::string, unsigned>;
    std::map<Agreed, std::size_t> totals() const;

    std::uint64_t left_out() const;  ///< sightings of devices for which there was no room
    /// Requests that the store accepted, that were about no device, and that mode high denies.
    KnownDevice nobody() const;
    /// Grows with every change.
    std::uint64_t changes() const { return changes_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::size_t shard_count = 16;
    static constexpr std::size_t name_bytes = 1U << 20U;    ///< of listeners and suites, all shards together
    static constexpr std::size_t detail_bytes = 8U << 20U;  ///< the same of details

    using Text = TextPool::Number;
    struct RefusalRow {
        std::uint64_t count = 0;
        std::chrono::sys_seconds at{};
        Text detail = 0;
        std::optional<Reason> last;
    };
    /// A KnownDevice with its texts in the pool.
    struct Row {
        std::string serial;
        std::chrono::sys_seconds certificate_not_after = std::chrono::sys_seconds::max();  ///< none
        std::chrono::sys_seconds first_seen{};
        std::chrono::sys_seconds last_seen{};
        std::chrono::sys_seconds changed{};
        std::uint64_t rules = 0;
        std::uint64_t requests = 0;
        std::uint64_t denied = 0;
        std::uint64_t requests_seen = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        RefusalRow refusals;
        RefusalRow claims;
        Text listener = 0;
        Text version = 0;
        Text cipher = 0;
        Text refusal_detail = 0;
        Text last_denial_detail = 0;
        unsigned key_bits = 0;
        std::optional<Reason> refusal;
        std::optional<Reason> last_denial;
        bool seen = false;  ///< else its handshakes were refused, and it agreed on nothing yet
        bool proven = false;
        bool certified = false;  ///< let in with a certificate: serial and end are those of the last such one
        bool shadow = false;
        bool enforced = false;
    };
    /// A list of all devices must not stop the workers for as long as it takes.
    struct Shard {
        mutable std::mutex mutex;
        std::map<std::string, Row, std::less<>> devices;
        std::map<Agreed, std::size_t> totals;
        std::uint64_t left_out = 0;
        TextPool names{name_bytes / shard_count, max_text_bytes};
        TextPool details{detail_bytes / shard_count, max_text_bytes};

        Agreed agreed(const Row& row) const;
        bool agrees(const Row& row, const Sighting& sighting) const;
        void enter_totals(const Row& row);
        void leave_totals(const Row& row);
        void count(Row& row, const Sighting& sighting, std::chrono::sys_seconds now);
        void add(Row& row, const DeviceUse& use);
        void add(RefusalRow& row, const Refusals& refusals);
        void take_in(Row& row, const Sighting& sighting);
        /// By a handshake that was refused all the same.
        void prove(Row& row, std::string_view serial, std::optional<std::chrono::sys_seconds> not_after);
        void add_earlier(Row& row, const KnownDevice& known);
        void add_earlier(RefusalRow& row, const Refusals& refusals);
        Row* find(std::string_view device);  ///< null: not known
        KnownDevice described(const std::string& device, const Row& row) const;
    };

    Shard& shard_of(std::string_view device) {
        return shards_[std::hash<std::string_view>{}(device) % shard_count];
    }
    /// The row of this device, a new one if there is room; null without.
    Row* find_or_add(Shard& shard, std::string_view device, std::size_t capacity,
                     std::chrono::sys_seconds now);
    void changed(Row& row, std::chrono::sys_seconds now);

    std::array<Shard, shard_count> shards_;
    std::atomic<std::size_t> size_{0};
    std::atomic<std::uint64_t> changes_{0};
    mutable std::mutex nobody_mutex_;
    KnownDevice nobody_;
};

}  // namespace sallyport::gateway
