#pragma once

#include "gateway/audit_file.h"
#include "gateway/log_health.h"
#include "gateway/rules/refusal_tally.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sallyport::gateway {

/// What the security team can hold against the gateway: refusals, reloads, CRLs, start and stop, one JSON
/// line each, chained by hashes (`AuditVerifier`) and synced to the disk once for each batch. Written by a
/// thread of its own: a slow or full disk keeps nobody waiting. What cannot be written waits, within bounds,
/// and what was lost is counted in the chain. Thread-safe.
///
/// 16 MiB of records wait at most, those that are being written among them; a record counts as its bytes and
/// 64. While they are written, 2 MiB more are used, and twice a record's size. Refusals find room in the
/// first 8 MiB, cut connections in the first 12 MiB (some 30,000 while the disk takes nothing): what there
/// are few of, such as reloads, CRLs, the end of an enforcement, start and stop, always finds some.
///
/// Refusals are what strangers can make as many of as they like. Alike ones are written once, then counted
/// (`RefusalTally`): at most two lines for each kind in ten minutes, 2,560 kinds, so some 15 MB in an hour of
/// the worst flood. Clients that have proved who they are have a tally of their own, which strangers cannot
/// fill.
class AuditLog {
  public:
    static constexpr std::size_t max_queued_bytes = 16U << 20U;
    static constexpr std::chrono::minutes tally_interval{10};
    static constexpr std::size_t max_known_kinds = 2'048;
    static constexpr std::size_t max_stranger_kinds = 512;

    /// Throws std::runtime_error (a file that cannot be used). `health` must outlive this.
    AuditLog(const std::string& path, LogHealth& health);
    ~AuditLog();
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    /// What a record may use of the queue: the more there can be of its kind, the less.
    enum class Share { of_refusals, of_cuts, whole };

    /// `record`: a JSON object of one line, with the members `time` and `event`.
    void record(std::string_view record, Share share = Share::whole);

    struct Refusal {
        std::string_view kind;      ///< those of one kind are alike
        std::string_view overflow;  ///< the kind when there are too many
        bool is_proven;             ///< the client has proved who it is
        std::string_view record;
    };
    void refusal(const Refusal& refusal);

    /// Soon goes on in the file that has the name now, if that is another one.
    void reopen();
    /// Writes what was recorded, as far as that can be, and that this is the end. What comes later is not
    /// recorded.
    void finish();

  private:
    void tell_how_it_was_found();
    void enqueue(std::unique_lock<std::mutex> lock, std::string_view record, Share share);
    bool has_room(std::size_t record_bytes, Share share) const;
    void keep(std::deque<std::string>& records, std::string_view record);
    /// How many found no room; mutex_ is held.
    std::uint64_t add_repeated(const std::vector<RefusalTally::Repeated>& repeated, Share share);
    std::uint64_t look_at_tallies();  // mutex_ is held
    void run();
    bool write(std::deque<std::string>& records);
    void drop(std::deque<std::string>& records, std::size_t count);
    void tell_lost();  // mutex_ is held
    bool follow_name(std::deque<std::string>& records);
    bool has_lost_its_name();
    void give_up(std::size_t records);

    AuditFile file_;
    LogHealth& health_;
    // Of the writing thread alone:
    bool failing_ = false;
    bool behind_ = false;  ///< could not be reopened
    unsigned looks_at_moved_ = 0;
    std::string failure_;

    /// Of what waits in the queue or is being written. Grows while mutex_ is held, but for what the writing
    /// thread has to tell.
    std::atomic<std::size_t> waiting_bytes_ = 0;

    std::mutex mutex_;
    std::condition_variable changed_;
    // guarded by mutex_:
    std::deque<std::string> queue_;
    std::uint64_t lost_ = 0;
    RefusalTally known_{max_known_kinds, tally_interval};
    RefusalTally strangers_{max_stranger_kinds, tally_interval};
    bool reopen_ = false;
    bool stopping_ = false;

    std::thread thread_;  // last: it uses all of the above
};

}  // namespace sallyport::gateway
