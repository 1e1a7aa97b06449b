#pragma once

#include <algorithm>
#include <string_view>

namespace sallyport::s3 {

/// Of ASCII.
constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Names of fields are equal without regard to letter case (RFC 9110 5.1).
inline bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace sallyport::s3
