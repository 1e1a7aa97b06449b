#include "firmware-client/latencies.h"

#include <algorithm>
#include <cmath>

namespace sallyport::device {

/// Values below 2^sub_bits have a bucket each; above, each doubling has 2^sub_bits of them.
std::size_t Latencies::bucket_of(std::uint64_t value) {
    constexpr std::uint64_t exact = std::uint64_t{1} << sub_bits;
    value = std::min(value, (std::uint64_t{1} << most_bits) - 1);
    if (value < exact) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - sub_bits;
    return ((shift + 1) << sub_bits) + static_cast<std::size_t>((value >> shift) & (exact - 1));
}

std::uint64_t Latencies::upper_end(std::size_t bucket) {
    constexpr std::size_t exact = std::size_t{1} << sub_bits;
    if (bucket < exact) return bucket;
    const std::size_t shift = (bucket >> sub_bits) - 1;
    return (std::uint64_t{exact + (bucket & (exact - 1)) + 1} << shift) - 1;
}

void Latencies::record(std::chrono::microseconds time) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
    ++counts_[bucket_of(value)];
    ++count_;
    longest_ = std::max(longest_, value);
}

std::chrono::microseconds Latencies::percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets && count_ > 0; ++bucket) {
        seen += counts_[bucket];
        if (seen >= std::max<std::uint64_t>(wanted, 1)) {
            return std::chrono::microseconds{std::min(upper_end(bucket), longest_)};
        }
    }
    return std::chrono::microseconds{longest_};
}

}  // namespace sallyport::device
