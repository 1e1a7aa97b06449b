#pragma once

#include "gateway/log_file.h"
#include "gateway/log_health.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace sallyport::gateway {

/// Finished lines on their way to a log, through a bounded queue and a thread of its own. Lines that come
/// within a short time share one write: whoever appends pays for a copy, not for the disk. The oldest of a
/// full queue are lost, and those that could not be written. Thread-safe.
class LineWriter {
  public:
    static constexpr std::size_t max_queued_bytes = 4U << 20U;
    static constexpr std::chrono::milliseconds longest_delay{40};
    /// Between two words on how it fares: a disk that is full every other moment must not fill other logs.
    static constexpr std::chrono::seconds least_between_words{2};
    /// A reader that takes nothing for so long has stopped. At the end it gets no more time than that: what
    /// it has not taken by then is lost.
    static constexpr std::chrono::seconds longest_stall{2};

    /// `target` as LogFile has it. Throws std::runtime_error (a file that cannot be opened). `health` must
    /// outlive this.
    LineWriter(const std::string& target, LogHealth& health);
    /// Everything that was appended is written before it returns, as far as it is taken.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// `line` has no line end; `before` stands in front of it.
    void append(std::string_view line, std::string_view before = {});
    /// Soon goes on in the file that has the name now, if that is another one. Whole lines stand in the old
    /// or in the new one.
    void reopen();

  private:
    /// Whole lines, each with its end. The oldest go by moving `begin`, which costs no copy.
    struct Queue {
        std::string text;
        std::size_t begin = 0;
        std::uint64_t lost = 0;

        std::size_t size() const { return text.size() - begin; }
        void lose_oldest();
        bool is_within_line() const { return begin > 0 && text[begin - 1] != '\n'; }
    };

    void run();
    bool next_batch(Queue& batch, std::unique_lock<std::mutex>& lock);
    void write(Queue& batch);
    void lose(Queue& batch);
    void follow_name(Queue& batch);
    bool owes_word(const Queue& batch) const {
        return !failing_ && !stalled_since_ && !gave_up_ && (batch.lost > 0 || failure_is_told_);
    }
    void tell(Queue& batch, bool is_last);

    LogFile file_;
    LogHealth& health_;
    // Of the writing thread alone, as all that it writes:
    bool failing_ = false;
    bool failure_is_told_ = false;
    bool gave_up_ = false;
    std::string failure_;
    bool behind_ = false;  ///< could not be reopened: tried again after each batch
    bool wants_reopening_ = false;
    std::optional<std::chrono::steady_clock::time_point> stalled_since_;
    std::chrono::steady_clock::time_point next_word_;

    std::mutex mutex_;
    std::condition_variable changed_;
    Queue queue_;                                       // guarded by mutex_
    bool reopen_ = false;                               // guarded by mutex_
    bool stopping_ = false;                             // guarded by mutex_
    std::chrono::steady_clock::time_point give_up_at_;  // the same
    std::thread thread_;                                // last: it uses all of the above
};

}  // namespace sallyport::gateway
