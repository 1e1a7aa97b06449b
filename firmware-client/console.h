#pragma once

#include "firmware-client/report.h"

#include <chrono>
#include <string>

namespace sallyport::device {

/// Lines for scripts on standard output; on a terminal also a progress bar, which each line replaces.
class ConsoleReport final : public Report {
  public:
    ConsoleReport();

    /// `uploaded <key> <bytes> bytes md5=<hex> in <ms> ms`
    void uploaded(const std::string& key, const Receipt& receipt, std::chrono::milliseconds time) override;
    /// `present <key>`
    void present(const std::string& key) override;
    /// `updated <what>`
    void updated(const std::string& what) override;
    void progress(const UploadProgress& progress) override;
    /// `clock set <seconds> s`, signed
    void clock_set(std::chrono::seconds jump) override;
    /// `refused: <message>` on standard output, since a refusal is an answer, else `error: ...` on standard
    /// error.
    void trouble(const Error& error) override;

    /// The same with what a person can do and when the next attempt comes, in one line.
    void trouble(const Error& error, std::chrono::milliseconds wait);
    /// `recovered`: the last trouble is over.
    void recovered();

    /// Takes the bar away before something else is printed.
    void clear_bar();

  private:
    void print_trouble(const Error& error, const std::string& more);

    bool terminal_;
    bool bar_shown_ = false;
    std::chrono::steady_clock::time_point last_drawn_{};
};

/// The bar as text: share, bytes, rate, file i of n.
std::string progress_text(const UploadProgress& progress);

}  // namespace sallyport::device
