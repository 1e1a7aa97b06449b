#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sallyport::device {

/// How long something took, many times: a histogram of fixed size whose buckets are at most 1/32 wide of what
/// they hold, from microseconds to days.
class Latencies {
  public:
    void record(std::chrono::microseconds time);

    std::uint64_t count() const { return count_; }
    std::chrono::microseconds longest() const { return std::chrono::microseconds{longest_}; }

    /// No longer than this took `share` (0 to 1) of all; at most 1/32 too much. Zero when there are none.
    std::chrono::microseconds percentile(double share) const;

  private:
    static constexpr unsigned sub_bits = 5;
    static constexpr unsigned most_bits = 40;
    static constexpr std::size_t buckets = (most_bits - sub_bits + 1) << sub_bits;
    static std::size_t bucket_of(std::uint64_t value);
    static std::uint64_t upper_end(std::size_t bucket);

    std::array<std::uint64_t, buckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t longest_ = 0;
};

}  // namespace sallyport::device
