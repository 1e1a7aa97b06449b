#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// The last lines of the event log, for the status page. What strangers can cause has a place of its own, so
/// that a flood of it pushes out nothing else; handshakes that succeed are not kept at all. Thread-safe.
class RecentEvents {
  public:
    static constexpr std::size_t lines_of_each = 200;
    static constexpr std::size_t longest = 4096;  ///< a longer line is left out

    /// `line` is one JSON object.
    void add(std::string_view event, std::string_view line);

    /// The oldest first: what an operator must see, then what strangers cause.
    std::vector<std::string> list() const;

  private:
    mutable std::mutex mutex_;
    std::deque<std::string> own_;
    std::deque<std::string> of_strangers_;
};

}  // namespace sallyport::gateway
