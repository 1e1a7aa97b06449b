#include "gateway/audit_log.h"

#include "gateway/json_line.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

/// Records that come within it share one write and one sync.
constexpr auto longest_delay = 40ms;
/// Between two attempts to write to a full disk, and two looks at the tallies.
constexpr auto quiet_interval = 1s;
/// Of one write: the bound of what a disk that comes back has to take at once.
constexpr std::size_t max_batch = 1'024;
constexpr std::string_view event_of_end = "log_closed";

AuditFile open_file(const std::string& path) {
    auto file = AuditFile::open(path);
    if (!file) throw std::runtime_error(file.error().message);
    return std::move(*file);
}

void begin(JsonLine& line, std::string_view event) {
    line.add_time("time", std::chrono::system_clock::now());
    line.add("event", event);
    line.add("log", "audit");
}

std::string torn_record(std::string_view torn) {
    JsonLine line;
    begin(line, torn_line_event);
    line.add("bytes", torn.size());
    line.add("torn_sha256", audit_digest(torn));
    return std::string(line.finish());
}

}  // namespace

AuditLog::AuditLog(const std::string& path, LogHealth& health) : file_(open_file(path)), health_(health) {
    tell_how_it_was_found();
    thread_ = std::thread([this] { run(); });
}

AuditLog::~AuditLog() {
    finish();
}

void AuditLog::tell_how_it_was_found() {
    const AuditFile::Found& found = file_.found();
    JsonLine line;
    begin(line, "log_opened");
    line.add("new_chain", found.number == 0);
    if (!found.continues.empty()) line.add("continues", found.continues);
    if (!found.fork.empty()) line.add("fork", found.fork);
    // Else the process before this was killed, or the disk took no more.
    line.add("was_closed", found.number == 0 || found.event == event_of_end);
    if (found.line_had_no_end) line.add("completed_last_line", true);
    queue_.emplace_back(line.finish());
}

bool AuditLog::enqueue(std::string record, std::size_t limit) {
    if (stopping_) return true;
    if (queue_.size() >= limit) {
        ++lost_;
        return false;
    }
    queue_.push_back(std::move(record));
    return true;
}

void AuditLog::record(std::string_view record) {
    bool kept = false;
    {
        const std::lock_guard lock(mutex_);
        kept = enqueue(std::string(record), max_queued);
    }
    changed_.notify_one();
    if (!kept) health_.lost(1);
}

void AuditLog::refusal(const Refusal& refusal) {
    bool kept = false;
    {
        const std::lock_guard lock(mutex_);
        RefusalTally& tally = refusal.is_proven ? known_ : strangers_;
        const auto now = RefusalTally::Clock::now();
        if (!tally.is_first(refusal.kind, refusal.overflow, refusal.record, now)) return;
        kept = enqueue(std::string(refusal.record), max_queued / 2);
    }
    changed_.notify_one();
    if (!kept) health_.lost(1);
}

void AuditLog::add_repeated(std::vector<RefusalTally::Repeated> repeated) {
    for (const RefusalTally::Repeated& refusals : repeated) {
        JsonLine line;
        begin(line, "refusals_repeated");
        line.add("count", refusals.count);
        line.add_object("last", refusals.last);
        enqueue(std::string(line.finish()), max_queued);
    }
}

void AuditLog::reopen() {
    {
        const std::lock_guard lock(mutex_);
        reopen_ = true;
    }
    changed_.notify_one();
}

void AuditLog::finish() {
    {
        const std::lock_guard lock(mutex_);
        add_repeated(known_.all());
        add_repeated(strangers_.all());
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void AuditLog::run() {
    std::deque<std::string> records;  // that wait for the disk: with the queue all that is kept
    RefusalTally::Clock::time_point next_look;
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto is_due = [this] { return reopen_ || stopping_; };
        const bool waits_for_disk = !records.empty();
        changed_.wait_for(lock, quiet_interval,
                          [&] { return is_due() || (!waits_for_disk && !queue_.empty()); });
        if (!queue_.empty() && !waits_for_disk) changed_.wait_for(lock, longest_delay, is_due);
        const auto now = RefusalTally::Clock::now();
        const bool looks = now >= next_look;
        if (looks) {
            next_look = now + quiet_interval;
            add_repeated(known_.due(now));
            add_repeated(strangers_.due(now));
        }
        if (records.empty()) std::swap(records, queue_);
        const bool reopen = std::exchange(reopen_, false);
        const bool last = stopping_;
        lock.unlock();
        const bool was_failing = failing_;
        bool wrote = write(records);
        if (reopen || behind_ || (looks && has_lost_its_name())) wrote |= follow_name(records);
        lock.lock();
        if (wrote && (was_failing || lost_ > 0)) tell_lost();
        if (last && (failing_ || (records.empty() && queue_.empty()))) break;
    }
    const std::size_t waiting = records.size() + queue_.size();
    lock.unlock();
    if (waiting > 0) return give_up(waiting);
    JsonLine line;
    begin(line, event_of_end);
    records.emplace_back(line.finish());
    if (!write(records)) give_up(records.size());
}

/// Nobody may have told us. A rotation that is under way is given a little time to do so.
bool AuditLog::has_lost_its_name() {
    constexpr unsigned patient_looks = 5;
    looks_at_moved_ = file_.is_moved() ? looks_at_moved_ + 1 : 0;
    return file_.is_removed() || looks_at_moved_ > patient_looks;
}

/// True when something was written, to the disk. That alone may be missing (a sync, a line's end).
bool AuditLog::write(std::deque<std::string>& records) {
    bool wrote = false;
    while (!records.empty() || failing_) {
        std::vector<std::string> batch;
        // First: `AuditVerifier` looks for it behind what was torn.
        if (file_.torn()) batch.push_back(torn_record(*file_.torn()));
        const std::size_t telling = batch.size();
        batch.insert(batch.end(), records.begin(),
                     records.begin() + static_cast<long>(std::min(records.size(), max_batch)));
        const AuditFile::Written written = file_.append(batch);
        const std::size_t gone = written.records - std::min(written.records, telling);
        records.erase(records.begin(), records.begin() + static_cast<long>(gone));
        if (!written.failed.empty()) {
            failure_ = written.failed;
            if (!std::exchange(failing_, true)) health_.failed(failure_);
            return false;
        }
        failing_ = false;
        wrote = true;
    }
    return wrote;
}

/// In the chain and elsewhere: the disk is back, and so much is missing.
void AuditLog::tell_lost() {
    const std::uint64_t lost = std::exchange(lost_, 0);
    JsonLine line;
    begin(line, "log_lines_lost");
    line.add("count", lost);
    if (!failure_.empty()) line.add("detail", std::exchange(failure_, {}));
    queue_.emplace_back(line.finish());
    health_.caught_up(lost);
}

/// True when something was written.
bool AuditLog::follow_name(std::deque<std::string>& records) {
    if (file_.is_moved()) {
        if (const auto reopened = file_.reopen(); !reopened) {
            if (!std::exchange(behind_, true)) health_.failed(reopened.error().message);
            return false;
        }
    } else {
        if (std::exchange(behind_, false)) health_.caught_up(0);
        return false;
    }
    looks_at_moved_ = 0;
    if (std::exchange(behind_, false)) health_.caught_up(0);
    // At once: whoever starts next must find where the chain goes on.
    JsonLine line;
    begin(line, "log_continued");
    records.emplace_back(line.finish());
    return write(records);
}

void AuditLog::give_up(std::size_t records) {
    if (records == 0) return;
    health_.lost(records);
    say_on_standard_error("log audit: " + std::to_string(records) + " lines are lost: " + failure_);
}

}  // namespace sallyport::gateway
