#pragma once

#include "firmware-client/report.h"

#include <chrono>
#include <string>

namespace sallyport::device {

/// Lines for scripts on standard output; on a terminal also a progress bar, which each line replaces.
class ConsoleReport final : public Report {
  public:
    ConsoleReport();

    /// `uploaded <key> <bytes> bytes sha256=<hex> in <ms> ms`
    void uploaded(const std::string& key, const Receipt& receipt, std::chrono::milliseconds time) override;
    /// `present <key>`
    void present(const std::string& key) override;
    void progress(const UploadProgress& progress) override;

    /// Takes the bar away before something else is printed.
    void clear_bar();

  private:
    bool terminal_;
    bool bar_shown_ = false;
    std::chrono::steady_clock::time_point last_drawn_{};
};

/// The bar as text: share, bytes, rate, file i of n.
std::string progress_text(const UploadProgress& progress);

}  // namespace sallyport::device
