#include "gateway/line_writer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sallyport::gateway {
namespace {

constexpr std::size_t wake_at_bytes = LineWriter::max_queued_bytes / 2;
/// Memory that a flood has claimed beyond this is given back. Less than a batch of the busiest gateway would
/// be claimed again for each.
constexpr std::size_t kept_bytes = 1U << 20U;
/// Of one look at a reader that has stopped, between looks at whether this is the end.
constexpr std::chrono::milliseconds patience{100};

LogFile open_target(const std::string& target) {
    auto file = LogFile::open(target);
    if (!file) throw std::runtime_error(file.error().message);
    return std::move(*file);
}

}  // namespace

LineWriter::LineWriter(const std::string& target, LogHealth& health)
    : file_(open_target(target)), health_(health), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        give_up_at_ = std::chrono::steady_clock::now() + longest_stall;
    }
    changed_.notify_one();
    thread_.join();
}

void LineWriter::append(std::string_view line, std::string_view before) {
    bool wake = false;
    std::uint64_t lost = 0;
    {
        const std::lock_guard lock(mutex_);
        const std::size_t size_before = queue_.size();
        const std::uint64_t lost_before = queue_.lost;
        while (queue_.size() > 0 && queue_.size() + before.size() + line.size() + 1 > max_queued_bytes)
            queue_.lose_oldest();
        lost = queue_.lost - lost_before;
        queue_.text += before;
        queue_.text += line;
        queue_.text += '\n';
        // Between these two the writer needs no word: it sleeps for a fixed time, or is writing.
        wake = size_before == 0 || (size_before < wake_at_bytes && queue_.size() >= wake_at_bytes);
    }
    if (lost > 0) health_.lost(lost);
    if (wake) changed_.notify_one();
}

void LineWriter::reopen() {
    {
        const std::lock_guard lock(mutex_);
        reopen_ = true;
    }
    changed_.notify_one();
}

void LineWriter::Queue::lose_oldest() {
    begin = text.find('\n', begin) + 1;
    ++lost;
    if (begin < max_queued_bytes) return;
    text.erase(0, begin);
    begin = 0;
}

void LineWriter::run() {
    Queue batch;  // with the queue all that is kept
    std::unique_lock lock(mutex_);
    while (next_batch(batch, lock)) {
        const bool is_last = stopping_;
        const bool gives_up = is_last && std::chrono::steady_clock::now() >= give_up_at_;
        lock.unlock();
        write(batch);
        if (gives_up && batch.size() > 0) {
            lose(batch);
            gave_up_ = true;
        }
        if (wants_reopening_ || behind_) follow_name(batch);
        tell(batch, is_last);
        lock.lock();
    }
    lock.unlock();
    if (gave_up_)
        health_.failed("its reader has stopped: the last " + std::to_string(batch.lost) + " lines are lost");
}

/// Waits for something to do. False when nothing more can come.
bool LineWriter::next_batch(Queue& batch, std::unique_lock<std::mutex>& lock) {
    const auto is_wanted = [this] { return queue_.size() > 0 || reopen_ || stopping_; };
    if (batch.size() == 0) {
        if (owes_word(batch)) {
            changed_.wait_until(lock, next_word_, is_wanted);
        } else {
            changed_.wait(lock, is_wanted);
        }
    }
    wants_reopening_ = std::exchange(reopen_, false);
    if (batch.size() > 0) return true;  // its reader has not taken it yet
    if (queue_.size() == 0 && !wants_reopening_ && stopping_ && !owes_word(batch)) return false;
    if (queue_.size() > 0 && !wants_reopening_) {
        changed_.wait_for(lock, longest_delay,
                          [this] { return queue_.size() >= wake_at_bytes || reopen_ || stopping_; });
    }
    batch.lost += std::exchange(queue_.lost, 0);  // told behind what is left
    std::swap(batch.text, queue_.text);
    std::swap(batch.begin, queue_.begin);
    return true;
}

/// What is lost stays counted in `batch` until it is told.
void LineWriter::write(Queue& batch) {
    const std::string_view lines = std::string_view(batch.text).substr(batch.begin);
    if (lines.empty()) return;
    LogFile::Written written = file_.append(lines, patience);
    batch.begin += written.bytes;
    if (written.waits_for_reader) {
        const auto now = std::chrono::steady_clock::now();
        if (!stalled_since_ || written.bytes > 0) stalled_since_ = now;
        if (now - *stalled_since_ < longest_stall) return;  // it may only be slow
    } else {
        stalled_since_.reset();
        lose(batch);
    }
    failing_ = !written.failed.empty();
    if (failing_) failure_ = std::move(written.failed);
}

/// What was not written; nothing when everything was.
void LineWriter::lose(Queue& batch) {
    const std::string_view rest = std::string_view(batch.text).substr(batch.begin);
    const auto lost = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    if (lost > 0) health_.lost(lost);
    batch.lost += lost;
    batch.text.clear();
    batch.begin = 0;
    if (batch.text.capacity() > kept_bytes) batch.text.shrink_to_fit();
}

void LineWriter::tell(Queue& batch, bool is_last) {
    if (gave_up_) return;  // the end says it all
    const auto now = std::chrono::steady_clock::now();
    const bool owes_failure = failing_ && !failure_is_told_;
    if ((!owes_failure && !owes_word(batch)) || (now < next_word_ && !is_last)) return;
    next_word_ = now + least_between_words;
    failure_is_told_ = failing_;
    if (failing_) {
        health_.failed(failure_);
    } else {
        health_.caught_up(std::exchange(batch.lost, 0));
    }
}

void LineWriter::follow_name(Queue& batch) {
    if (!file_.is_moved()) {
        if (std::exchange(behind_, false)) health_.caught_up(0);
    } else if (const auto reopened = file_.reopen(); !reopened) {
        if (!std::exchange(behind_, true)) health_.failed(reopened.error().message);
    } else {
        if (batch.is_within_line()) {  // its beginning stands in the old one
            batch.lose_oldest();
            health_.lost(1);
        }
        if (std::exchange(behind_, false)) health_.caught_up(0);
    }
}

}  // namespace sallyport::gateway
