#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace sallyport::device {

/// Printable ASCII only, for terminals and for files that must stay text. Other bytes, which can come from a
/// server or from a card, become `?`.
inline std::string printable(std::string_view text) {
    std::string clean{text};
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return clean;
}

}  // namespace sallyport::device
