#include "gateway/rules/name_addresses.h"

#include <algorithm>
#include <utility>

namespace sallyport::gateway {

bool NameAddresses::begins_look_up(TimePoint now) {
    if (looking_ || now < next_) return false;
    looking_ = true;
    return true;
}

NameAddresses::Outcome NameAddresses::looked_up(std::vector<std::string> found, TimePoint now) {
    looking_ = false;
    if (found.empty()) {
        next_ = now + std::min(interval_, longest_retry);
        return std::exchange(failing_, true) ? Outcome::still_failing : Outcome::failed;
    }
    next_ = now + interval_;
    failing_ = false;
    std::ranges::sort(found);
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.size() > max_addresses) found.resize(max_addresses);
    if (found == addresses_) return Outcome::unchanged;
    addresses_ = std::move(found);
    return Outcome::changed;
}

}  // namespace sallyport::gateway
