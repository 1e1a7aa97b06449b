#pragma once

#include <algorithm>
#include <string_view>

namespace sallyport::gateway {

/// The next word of a line, which loses it; empty at its end. Blanks and tabs separate words.
inline std::string_view next_word(std::string_view& line) noexcept {
    constexpr std::string_view blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace sallyport::gateway
