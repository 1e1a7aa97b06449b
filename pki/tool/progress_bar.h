#pragma once

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>

namespace sallyport::pki {

/// A line on a terminal that shows how far a long command is; silent where nobody looks.
class ProgressBar {
  public:
    /// Quiet unless standard error is a terminal.
    ProgressBar(std::ostream& err, std::string what);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(std::size_t done, std::size_t all);

  private:
    std::ostream& err_;
    std::string what_;
    bool on_terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace sallyport::pki
