#include "gateway/line_writer.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t wake_at_bytes = LineWriter::max_queued_bytes / 2;
/// Memory that a flood has claimed beyond this is given back. Less than a batch of the busiest gateway would
/// be claimed again for each.
constexpr std::size_t kept_bytes = 1U << 20U;

spdlog::sink_ptr open_target(const std::string& target) {
    if (target == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
    if (target == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    spdlog::file_event_handlers handlers;
    // Batches come whole: stdio's buffer would only cut them into pieces.
    handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
        std::setvbuf(file, nullptr, _IONBF, 0);
    };
    try {
        return std::make_shared<spdlog::sinks::basic_file_sink_st>(target, false, handlers);
    } catch (const spdlog::spdlog_ex& error) {
        throw std::runtime_error("log: " + std::string(error.what()));
    }
}

}  // namespace

LineWriter::LineWriter(const std::string& target, ReportLost report_lost)
    : target_(target), sink_(open_target(target)), report_lost_(std::move(report_lost)) {
    constexpr const char* nothing_added = "";
    sink_->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, nothing_added));
    thread_ = std::thread([this] { run(); });
}

LineWriter::~LineWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void LineWriter::append(std::string_view line) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        const std::size_t before = queue_.size();
        while (queue_.size() > 0 && queue_.size() + line.size() + 1 > max_queued_bytes)
            queue_.lose_oldest();
        queue_.text += line;
        queue_.text += '\n';
        // Between these two the writer needs no word: it sleeps for a fixed time, or is writing.
        wake = before == 0 || (before < wake_at_bytes && queue_.size() >= wake_at_bytes);
    }
    if (wake) changed_.notify_one();
}

void LineWriter::Queue::lose_oldest() {
    begin = text.find('\n', begin) + 1;
    ++lost;
    if (begin < max_queued_bytes) return;
    text.erase(0, begin);
    begin = 0;
}

void LineWriter::run() {
    Queue batch;
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return queue_.size() > 0 || stopping_; });
        if (queue_.size() == 0) return;  // nothing can come any more
        changed_.wait_for(lock, longest_delay,
                          [this] { return queue_.size() >= wake_at_bytes || stopping_; });
        batch.lost += std::exchange(queue_.lost, 0);
        std::swap(batch.text, queue_.text);
        std::swap(batch.begin, queue_.begin);
        lock.unlock();
        write(batch);
        lock.lock();
    }
}

/// What is lost stays counted in `batch` until it could be reported.
void LineWriter::write(Queue& batch) {
    const std::string_view lines = std::string_view(batch.text).substr(batch.begin);
    try {
        // What was cut short must not swallow the line after it.
        if (failing_) sink_->log({"", spdlog::level::info, "\n"});
        sink_->log({"", spdlog::level::info, {lines.data(), lines.size()}});
        sink_->flush();
        failing_ = false;
    } catch (const spdlog::spdlog_ex& error) {
        if (!failing_) std::fprintf(stderr, "log %s: %s\n", target_.c_str(), error.what());
        failing_ = true;
        batch.lost += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
    }
    batch.text.clear();
    batch.begin = 0;
    if (batch.text.capacity() > kept_bytes) batch.text.shrink_to_fit();
    if (!failing_ && batch.lost > 0) report_lost_(std::exchange(batch.lost, 0));
}

}  // namespace sallyport::gateway
