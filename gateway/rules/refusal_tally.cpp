#include "gateway/rules/refusal_tally.h"

#include <utility>

namespace sallyport::gateway {

bool RefusalTally::is_first(std::string_view key, std::string_view overflow, std::string_view record,
                            Clock::time_point now) {
    auto kind = kinds_.find(key);
    if (kind == kinds_.end() && kinds_.size() >= max_keys_) kind = kinds_.find(key = overflow);
    if (kind == kinds_.end()) {
        kinds_.emplace(key, Kind{now + interval_, {}});
        return true;
    }
    ++kind->second.repeated.count;
    kind->second.repeated.last = record;
    return false;
}

std::vector<RefusalTally::Repeated> RefusalTally::due(Clock::time_point now) {
    std::vector<Repeated> found;
    for (auto kind = kinds_.begin(); kind != kinds_.end();) {
        auto& [until, repeated] = kind->second;
        if (now < until) {
            ++kind;
        } else if (repeated.count == 0) {
            kind = kinds_.erase(kind);
        } else {
            found.push_back(std::exchange(repeated, {}));
            until = now + interval_;
            ++kind;
        }
    }
    return found;
}

std::vector<RefusalTally::Repeated> RefusalTally::all() {
    std::vector<Repeated> found;
    for (auto& [key, kind] : std::exchange(kinds_, {})) {
        if (kind.repeated.count > 0) found.push_back(std::move(kind.repeated));
    }
    return found;
}

}  // namespace sallyport::gateway
