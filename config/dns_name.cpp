#include "config/dns_name.h"

#include <algorithm>
#include <cstddef>

namespace sallyport::config {

bool is_dns_name(std::string_view name) noexcept {
    constexpr std::size_t max_name = 253;
    constexpr std::size_t max_label = 63;
    if (name.empty() || name.size() > max_name) return false;
    std::string_view label;
    for (std::size_t begin = 0; begin <= name.size(); begin += label.size() + 1) {
        label = name.substr(begin, name.find('.', begin) - begin);
        const auto is_allowed = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        };
        if (label.empty() || label.size() > max_label || label.front() == '-' || label.back() == '-' ||
            !std::ranges::all_of(label, is_allowed))
            return false;
    }
    return !std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace sallyport::config
