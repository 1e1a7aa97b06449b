#pragma once

#include "gateway/device_inventory.h"
#include "gateway/device_limiter.h"
#include "gateway/log.h"
#include "gateway/snapshot.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

namespace sallyport::gateway {

/// Keeps what is known of devices, and what they used of this day's bytes, across restarts: the file
/// `devices` in the state folder, replaced in one step by a thread of its own. Without a state folder it does
/// nothing. What fails (a full disk) is an event and is tried again; the service goes on.
class InventoryKeeper {
  public:
    static constexpr std::chrono::seconds interval{10};       ///< between two writes, at least
    static constexpr std::size_t bytes_per_second = 100'000;  ///< at most, on average
    static constexpr std::size_t max_file_bytes = 256U << 20U;
    /// Of whom nothing was heard for so long is forgotten at a restart.
    static constexpr std::chrono::days memory{400};

    /// All must outlive this.
    InventoryKeeper(const SnapshotStore& snapshots, DeviceInventory& inventory, DeviceLimiter& limiter,
                    Log& log)
        : snapshots_(snapshots), inventory_(inventory), limiter_(limiter), log_(log) {}
    ~InventoryKeeper() { stop(); }
    InventoryKeeper(const InventoryKeeper&) = delete;
    InventoryKeeper& operator=(const InventoryKeeper&) = delete;

    /// Before the first request. A file that cannot be used is set aside under another name, with an event.
    void restore();
    void start();
    /// Writes what has changed since the last time, and ends.
    void stop();

  private:
    void run();
    void write_if_changed();
    std::filesystem::path file() const;
    void set_aside(const std::filesystem::path& file, const std::string& why);
    void report_failed(const std::string& detail);

    const SnapshotStore& snapshots_;
    DeviceInventory& inventory_;
    DeviceLimiter& limiter_;
    Log& log_;
    std::uint64_t written_changes_ = 0;  ///< of the writing thread
    std::size_t written_bytes_ = 0;      ///< the same
    std::string last_failure_;           ///< the same

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace sallyport::gateway
