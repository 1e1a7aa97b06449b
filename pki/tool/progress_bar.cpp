#include "pki/tool/progress_bar.h"

#include <algorithm>

#include <unistd.h>

namespace sallyport::pki {

ProgressBar::ProgressBar(std::ostream& err, std::string what)
    : err_(err), what_(std::move(what)), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
    if (shown_) err_ << '\n';
}

void ProgressBar::show(std::size_t done, std::size_t all) {
    if (!on_terminal_ || all == 0) return;
    constexpr std::size_t width = 30;
    const std::size_t filled = width * done / all;
    const auto passed = std::chrono::steady_clock::now() - begin_;
    using Seconds = std::chrono::duration<double>;
    const Seconds left = Seconds(passed) * (static_cast<double>(all - done) /
                                            static_cast<double>(std::max<std::size_t>(done, 1)));
    err_ << '\r' << what_ << " [" << std::string(filled, '#') << std::string(width - filled, ' ') << "] "
         << done << " of " << all << ", " << std::chrono::duration_cast<std::chrono::seconds>(left).count()
         << " s left   " << std::flush;
    shown_ = true;
}

}  // namespace sallyport::pki
