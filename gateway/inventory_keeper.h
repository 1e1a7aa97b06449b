#pragma once

#include "gateway/device_inventory.h"
#include "gateway/device_limiter.h"
#include "gateway/log.h"
#include "gateway/snapshot.h"
#include "pki/descriptor.h"
#include "pki/file_status.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace sallyport::gateway {

/// Keeps what is known of devices, and what they used of this day's bytes, across restarts: the file
/// `devices` in the state folder, replaced in one step by a thread of its own. Without a state folder it does
/// nothing. What fails (a full disk) is an event and is tried again; the service goes on.
///
/// One process has the table at a time (flock of `devices.lock`); another one with the same folder neither
/// reads nor writes it. Once it can take over it adds what the file has to what it knows itself. The same
/// goes for a file that cannot be read: nothing is written before it could be, or was set aside. Where
/// nothing can be locked, as where nothing can be written, the table is read all the same, and not written.
///
/// A process adds one table to what it knows, once. Another that lies where it is to write, as after a reload
/// with another folder, may be an older copy of its own: it is set aside, and not added.
class InventoryKeeper {
  public:
    static constexpr std::chrono::seconds interval{10};       ///< between two writes, at least
    static constexpr std::size_t bytes_per_second = 100'000;  ///< at most, on average
    static constexpr std::size_t max_file_bytes = 256U << 20U;
    /// Of whom nothing was heard for so long is forgotten at a restart.
    static constexpr std::chrono::days memory{400};

    /// All must outlive this.
    InventoryKeeper(const SnapshotStore& snapshots, DeviceInventory& inventory, DeviceLimiter& limiter,
                    Log& log, std::size_t file_bytes_at_most = max_file_bytes)
        : snapshots_(snapshots),
          inventory_(inventory),
          limiter_(limiter),
          log_(log),
          file_bytes_at_most_(file_bytes_at_most) {}
    ~InventoryKeeper() { stop(); }
    InventoryKeeper(const InventoryKeeper&) = delete;
    InventoryKeeper& operator=(const InventoryKeeper&) = delete;

    /// Before the first request. A file whose content is no table is set aside under another name, with an
    /// event. What cannot be restored now is tried again once this is started. Not while the thread runs.
    void restore();
    void start();
    /// Writes what has changed since the last time, and ends.
    void stop();
    /// Until it looks again whether to write: longer after a large table, whatever came of it. Not while the
    /// thread runs.
    std::chrono::seconds pause() const;

  private:
    enum class Holder { this_process, another, unknown };
    struct Locking {
        Holder holder;
        std::string why_not;  ///< unless it is this process
    };

    void run();
    std::filesystem::path file() const;
    /// Whether `table` is this process's, and its content known here.
    bool keeps(const std::filesystem::path& table);
    bool has_lock(const std::filesystem::path& table) const;
    Locking take_lock(const std::filesystem::path& table);
    /// Once. What stood in its way, and will be tried again; empty: nothing.
    std::string restore_from(const std::filesystem::path& table);
    pki::Result<void> take_over(const std::string& bytes, const std::filesystem::path& table);
    /// Whether nothing lies there that would be lost.
    bool may_replace(const std::filesystem::path& table);
    bool set_aside(const std::filesystem::path& table);
    void write_if_changed(const std::filesystem::path& table);
    bool not_kept(Log::Level level, const std::string& detail);  ///< false
    void report_failed(const std::string& detail);

    const SnapshotStore& snapshots_;
    DeviceInventory& inventory_;
    DeviceLimiter& limiter_;
    Log& log_;
    std::size_t file_bytes_at_most_;

    // Of the writing thread, once it runs.
    std::optional<pki::Descriptor> lock_;
    std::filesystem::path locked_;  ///< the table that it is for
    bool may_replace_ = false;      ///< what lies there, as long as it is locked
    bool is_restored_ = false;
    std::string unusable_;                ///< why what was read is no table
    std::optional<pki::FileStatus> own_;  ///< of the table that was read or written last
    std::uint64_t written_changes_ = 0;
    std::size_t handled_bytes_ = 0;  ///< of the table that was read or built last
    std::string not_kept_;           ///< why, as it was said
    std::string last_failure_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace sallyport::gateway
