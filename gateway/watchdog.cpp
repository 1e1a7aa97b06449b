#include "gateway/watchdog.h"

#include <utility>

namespace sallyport::gateway {

bool TurnCount::all_have_turned(std::vector<std::uint64_t> turns) {
    seen_.resize(turns.size());
    for (std::size_t i = 0; i < turns.size(); ++i) {
        if (turns[i] == seen_[i] && turns[i] != Worker::has_ended) return false;
    }
    seen_ = std::move(turns);
    return true;
}

void Watchdog::feed() {
    std::vector<std::uint64_t> turns;
    for (const auto& worker : workers_)
        turns.push_back(worker->turns());
    if (turns_.all_have_turned(std::move(turns))) supervisor_.alive();
}

}  // namespace sallyport::gateway
