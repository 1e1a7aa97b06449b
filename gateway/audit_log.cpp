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
/// Of one write: the bounds of what a disk that comes back has to take at once.
constexpr std::size_t max_batch = 1'024;
constexpr std::size_t max_batch_bytes = 1U << 20U;
/// Then the delay is over: what comes by the thousand must not wait for it in memory.
constexpr std::size_t wake_at_bytes = AuditLog::max_queued_bytes / 4;
/// Of a record in memory, beside its text.
constexpr std::size_t record_overhead = 64;
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

std::size_t bytes_of(AuditLog::Share share) {
    switch (share) {
        case AuditLog::Share::of_refusals:
            return AuditLog::max_queued_bytes / 2;
        case AuditLog::Share::of_cuts:
            return AuditLog::max_queued_bytes / 4 * 3;
        case AuditLog::Share::whole:
            break;
    }
    return AuditLog::max_queued_bytes;
}

/// How many of them one write takes.
std::size_t batch_size(const std::deque<std::string>& records) {
    std::size_t size = 0;
    for (std::size_t bytes = 0; size < std::min(records.size(), max_batch) && bytes < max_batch_bytes; ++size)
        bytes += records[size].size();
    return size;
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
    keep(queue_, line.finish());
}

bool AuditLog::has_room(std::size_t record_bytes, Share share) const {
    return waiting_bytes_ + record_bytes + record_overhead <= bytes_of(share);
}

void AuditLog::keep(std::deque<std::string>& records, std::string_view record) {
    records.emplace_back(record);
    waiting_bytes_ += record.size() + record_overhead;
}

/// Takes the lock: neither the writing thread nor who counts what was lost has to wait for it.
void AuditLog::enqueue(std::unique_lock<std::mutex> lock, std::string_view record, Share share) {
    if (stopping_) return;
    if (!has_room(record.size(), share)) {
        ++lost_;
        lock.unlock();
        health_.lost(1);
        return;
    }
    // Between these two the writing thread needs no word: it sleeps for a fixed time, or is writing.
    const bool is_first = queue_.empty();
    const bool was_below = waiting_bytes_ < wake_at_bytes;
    keep(queue_, record);
    const bool wake = is_first || (was_below && waiting_bytes_ >= wake_at_bytes);
    lock.unlock();
    if (wake) changed_.notify_one();
}

void AuditLog::record(std::string_view record, Share share) {
    enqueue(std::unique_lock(mutex_), record, share);
}

void AuditLog::refusal(const Refusal& refusal) {
    std::unique_lock lock(mutex_);
    RefusalTally& tally = refusal.is_proven ? known_ : strangers_;
    const auto now = RefusalTally::Clock::now();
    if (!tally.is_first(refusal.kind, refusal.overflow, refusal.record, now)) return;
    enqueue(std::move(lock), refusal.record, Share::of_refusals);
}

std::uint64_t AuditLog::add_repeated(const std::vector<RefusalTally::Repeated>& repeated, Share share) {
    std::uint64_t lost = 0;
    for (const RefusalTally::Repeated& refusals : repeated) {
        JsonLine line;
        begin(line, "refusals_repeated");
        line.add("count", refusals.count);
        line.add_object("last", refusals.last);
        const std::string_view record = line.finish();
        if (has_room(record.size(), share)) {
            keep(queue_, record);
        } else {
            ++lost;
        }
    }
    lost_ += lost;
    return lost;
}

/// Where there is no room for a refusal, those that are counted go on being counted.
std::uint64_t AuditLog::look_at_tallies() {
    if (!has_room(0, Share::of_refusals)) return 0;
    const auto now = RefusalTally::Clock::now();
    return add_repeated(known_.due(now), Share::of_cuts) + add_repeated(strangers_.due(now), Share::of_cuts);
}

void AuditLog::reopen() {
    {
        const std::lock_guard lock(mutex_);
        reopen_ = true;
    }
    changed_.notify_one();
}

void AuditLog::finish() {
    std::uint64_t lost = 0;
    {
        const std::lock_guard lock(mutex_);
        lost = add_repeated(known_.all(), Share::whole) + add_repeated(strangers_.all(), Share::whole);
        stopping_ = true;
    }
    changed_.notify_one();
    if (lost > 0) health_.lost(lost);
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
        if (!queue_.empty() && !waits_for_disk) {
            changed_.wait_for(lock, longest_delay,
                              [&] { return is_due() || waiting_bytes_ >= wake_at_bytes; });
        }
        const auto now = RefusalTally::Clock::now();
        const bool looks = now >= next_look;
        std::uint64_t lost = 0;
        if (looks) {
            next_look = now + quiet_interval;
            lost = look_at_tallies();
        }
        if (records.empty()) std::swap(records, queue_);
        const bool reopen = std::exchange(reopen_, false);
        const bool last = stopping_;
        lock.unlock();
        if (lost > 0) health_.lost(lost);
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
    keep(records, line.finish());
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
        batch.insert(batch.end(), records.begin(), records.begin() + static_cast<long>(batch_size(records)));
        const AuditFile::Written written = file_.append(batch);
        drop(records, written.records - std::min(written.records, telling));
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

void AuditLog::drop(std::deque<std::string>& records, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        waiting_bytes_ -= records.front().size() + record_overhead;
        records.pop_front();
    }
}

/// In the chain and elsewhere: the disk is back, and so much is missing.
void AuditLog::tell_lost() {
    const std::uint64_t lost = std::exchange(lost_, 0);
    JsonLine line;
    begin(line, "log_lines_lost");
    line.add("count", lost);
    if (!failure_.empty()) line.add("detail", std::exchange(failure_, {}));
    keep(queue_, line.finish());
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
    keep(records, line.finish());
    return write(records);
}

void AuditLog::give_up(std::size_t records) {
    if (records == 0) return;
    health_.lost(records);
    say_on_standard_error("log audit: " + std::to_string(records) + " lines are lost: " + failure_);
}

}  // namespace sallyport::gateway
