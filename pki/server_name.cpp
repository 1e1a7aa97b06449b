#include "pki/server_name.h"

#include <algorithm>

namespace sallyport::pki {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return lower;
}

NameFit fit_of(std::string_view pattern, std::string_view name) {
    if (name.empty()) return NameFit::none;
    const std::string wanted = lower_case(name);
    if (!pattern.starts_with("*.")) return pattern == wanted ? NameFit::exact : NameFit::none;
    const auto dot = wanted.find('.');
    if (dot == std::string::npos || dot == 0) return NameFit::none;
    return pattern.substr(1) == std::string_view(wanted).substr(dot) ? NameFit::wildcard : NameFit::none;
}

}  // namespace sallyport::pki
