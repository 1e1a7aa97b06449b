#include "firmware-client/backoff.h"

#include <algorithm>

namespace sallyport::device {

std::chrono::milliseconds Backoff::next(const Error& error, double random) {
    constexpr std::chrono::seconds first{5};
    constexpr std::chrono::seconds longest{300};
    constexpr unsigned doublings = 6;  // 5 s * 2^6 = 320 s is beyond the longest
    std::chrono::seconds wait = longest;
    if (error.fault != Fault::refused) {
        wait = std::min(first * (1U << failures_), longest);
        failures_ = std::min(failures_ + 1, doublings);
    }
    const auto varied = std::chrono::duration_cast<std::chrono::milliseconds>(wait * (0.8 + 0.4 * random));
    const std::chrono::milliseconds wish = error.retry_after.value_or(std::chrono::seconds{0});
    return std::max(varied, wish);
}

}  // namespace sallyport::device
