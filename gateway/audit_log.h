#pragma once

#include "gateway/audit_file.h"
#include "gateway/log_health.h"
#include "gateway/rules/refusal_tally.h"

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
/// Refusals are what strangers can make as many of as they like. Alike ones are written once, then counted
/// (`RefusalTally`): at most two lines for each kind in ten minutes, 2,560 kinds, so some 15 MB in an hour of
/// the worst flood. Clients that have proved who they are have a tally of their own, which strangers cannot
/// fill. Of the queue, refusals get half.
class AuditLog {
  public:
    static constexpr std::size_t max_queued = 8'192;
    static constexpr std::chrono::minutes tally_interval{10};
    static constexpr std::size_t max_known_kinds = 2'048;
    static constexpr std::size_t max_stranger_kinds = 512;

    /// Throws std::runtime_error (a file that cannot be used). `health` must outlive this.
    AuditLog(const std::string& path, LogHealth& health);
    ~AuditLog();
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    /// `record`: a JSON object of one line, with the members `time` and `event`.
    void record(std::string_view record);

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
    bool enqueue(std::string record, std::size_t limit);              // mutex_ is held
    void add_repeated(std::vector<RefusalTally::Repeated> repeated);  // the same
    void run();
    bool write(std::deque<std::string>& records);
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
