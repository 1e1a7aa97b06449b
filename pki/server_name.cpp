#include "pki/server_name.h"

#include <algorithm>

namespace sallyport::pki {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return lower;
}

std::string_view host_name_in(std::string_view content) {
    // ServerNameList: length, then one ServerName: kind, length, name. OpenSSL takes one name only.
    constexpr std::size_t before_name = 5;
    constexpr std::size_t max_name = 255;
    const auto number_at = [&](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(content[at])) << 8U |
               static_cast<unsigned char>(content[at + 1]);
    };
    const bool one_host_name = content.size() > before_name && number_at(0) == content.size() - 2 &&
                               content[2] == '\0' && number_at(3) == content.size() - before_name;
    if (!one_host_name) return {};
    const std::string_view name = content.substr(before_name);
    return name.size() <= max_name && name.find('\0') == name.npos ? name : std::string_view{};
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
