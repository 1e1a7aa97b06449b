#include "firmware-client/backoff.h"

#include <algorithm>

namespace sallyport::device {

std::chrono::milliseconds Backoff::next(const Error& error, double random) {
    constexpr unsigned most_doublings = 16;  // beyond every schedule
    const Trouble trouble = error.kind();
    const TroubleTraits& traits = traits_of(trouble);
    unsigned& failures = failures_[static_cast<std::size_t>(trouble)];
    const std::chrono::seconds wait = std::min(traits.first * (1U << failures), traits.longest);
    failures = std::min(failures + 1, most_doublings);
    const auto varied = std::chrono::duration_cast<std::chrono::milliseconds>(wait * (0.8 + 0.4 * random));
    const std::chrono::milliseconds wish = error.retry_after.value_or(std::chrono::seconds{0});
    return std::max(varied, wish);
}

}  // namespace sallyport::device
