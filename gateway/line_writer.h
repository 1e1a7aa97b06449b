#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace spdlog::sinks {
class sink;
}

namespace sallyport::gateway {

/// Finished lines on their way to a file, through a bounded queue and a thread of its own. Lines that come
/// within a short time share one write: whoever appends pays for a copy, not for the disk. Thread-safe.
class LineWriter {
  public:
    static constexpr std::size_t max_queued_bytes = 4U << 20U;
    static constexpr std::chrono::milliseconds longest_delay{40};

    /// How many lines were lost since it was called last: the oldest of a full queue, and those that could
    /// not be written. Called by the writing thread, and only after it has written others.
    using ReportLost = std::function<void(std::uint64_t lines)>;

    /// `target`: "stdout", "stderr" or a file, which is appended to. Throws std::runtime_error (a file that
    /// cannot be opened).
    LineWriter(const std::string& target, ReportLost report_lost);
    /// Everything that was appended is written before it returns.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// `line` has no line end.
    void append(std::string_view line);

  private:
    /// Whole lines, each with its end. The oldest go by moving `begin`, which costs no copy.
    struct Queue {
        std::string text;
        std::size_t begin = 0;
        std::uint64_t lost = 0;

        std::size_t size() const { return text.size() - begin; }
        void lose_oldest();
    };

    void run();
    void write(Queue& batch);

    const std::string target_;
    const std::shared_ptr<spdlog::sinks::sink> sink_;
    const ReportLost report_lost_;
    bool failing_ = false;  ///< of the writing thread alone, as all that it writes

    std::mutex mutex_;
    std::condition_variable changed_;
    Queue queue_;            // guarded by mutex_
    bool stopping_ = false;  // guarded by mutex_
    std::thread thread_;     // last: it uses all of the above
};

}  // namespace sallyport::gateway
