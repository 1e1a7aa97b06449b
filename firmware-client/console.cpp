#include "firmware-client/console.h"

#include "firmware-client/printable.h"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace sallyport::device {

ConsoleReport::ConsoleReport() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

void ConsoleReport::uploaded(const std::string& key, const Receipt& receipt, std::chrono::milliseconds time) {
    clear_bar();
    std::printf("uploaded %s %llu bytes md5=%s in %lld ms\n", key.c_str(),
                static_cast<unsigned long long>(receipt.bytes), receipt.md5.c_str(),
                static_cast<long long>(time.count()));
    std::fflush(stdout);
}

void ConsoleReport::present(const std::string& key) {
    clear_bar();
    std::printf("present %s\n", key.c_str());
    std::fflush(stdout);
}

void ConsoleReport::updated(const std::string& what) {
    clear_bar();
    std::printf("updated %s\n", what.c_str());
    std::fflush(stdout);
}

void ConsoleReport::clock_set(std::chrono::seconds jump) {
    clear_bar();
    std::printf("clock set %+lld s\n", static_cast<long long>(jump.count()));
    std::fflush(stdout);
}

void ConsoleReport::trouble(const Error& error) {
    print_trouble(error, "");
}

void ConsoleReport::trouble(const Error& error, std::chrono::milliseconds wait) {
    const TroubleTraits& traits = traits_of(error.kind());
    std::string more = " [" + std::string{traits.word} + "]";
    if (!traits.advice.empty()) more += "; " + std::string{traits.advice};
    more +=
        "; next attempt in " + std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) + " s";
    print_trouble(error, more);
}

void ConsoleReport::print_trouble(const Error& error, const std::string& more) {
    if (error.fault == Fault::stopped) return;
    clear_bar();
    const bool refused = error.fault == Fault::refused;
    std::fprintf(refused ? stdout : stderr, "%s: %s%s\n", refused ? "refused" : "error",
                 printable(error.message).c_str(), more.c_str());
    std::fflush(refused ? stdout : stderr);
}

void ConsoleReport::recovered() {
    clear_bar();
    std::printf("recovered\n");
    std::fflush(stdout);
}

void ConsoleReport::progress(const UploadProgress& progress) {
    if (!terminal_) return;
    constexpr std::chrono::milliseconds redraw_period{100};
    const auto now = std::chrono::steady_clock::now();
    if (bar_shown_ && now - last_drawn_ < redraw_period && progress.bytes < progress.total) return;
    last_drawn_ = now;
    bar_shown_ = true;
    std::printf("\r\033[K%s", progress_text(progress).c_str());
    std::fflush(stdout);
}

void ConsoleReport::clear_bar() {
    if (!bar_shown_) return;
    bar_shown_ = false;
    std::printf("\r\033[K");
    std::fflush(stdout);
}

std::string progress_text(const UploadProgress& progress) {
    constexpr double megabyte = 1e6;
    constexpr std::size_t width = 24;
    const double share =
        progress.total == 0
            ? 1.0
            : std::min(1.0, static_cast<double>(progress.bytes) / static_cast<double>(progress.total));
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
    char numbers[160];
    std::snprintf(numbers, sizeof numbers, "] %3.0f%%  %.1f/%.1f MB  %.1f MB/s  file %llu of %llu  ",
                  share * 100, static_cast<double>(progress.bytes) / megabyte,
                  static_cast<double>(progress.total) / megabyte, progress.bytes_per_second / megabyte,
                  static_cast<unsigned long long>(progress.index),
                  static_cast<unsigned long long>(progress.count));
    return '[' + std::string(filled, '#') + std::string(width - filled, ' ') + numbers + progress.name;
}

}  // namespace sallyport::device
