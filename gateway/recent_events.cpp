#include "gateway/recent_events.h"

#include <algorithm>
#include <array>

namespace sallyport::gateway {
namespace {

constexpr std::array<std::string_view, 4> of_strangers = {"handshake_failed", "address_limited", "shadow",
                                                          "signature_mismatch"};

}  // namespace

void RecentEvents::add(std::string_view event, std::string_view line) {
    if (event == "handshake" || line.size() > longest) return;
    std::string copy(line);
    const bool is_strangers = std::ranges::find(of_strangers, event) != of_strangers.end();
    const std::lock_guard lock(mutex_);
    auto& lines = is_strangers ? of_strangers_ : own_;
    lines.push_back(std::move(copy));
    if (lines.size() > lines_of_each) lines.pop_front();
}

std::vector<std::string> RecentEvents::list() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all(own_.begin(), own_.end());
    all.insert(all.end(), of_strangers_.begin(), of_strangers_.end());
    return all;
}

}  // namespace sallyport::gateway
