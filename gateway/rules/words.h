#pragma once

#include <algorithm>
#include <string_view>

namespace sallyport::gateway {

/// The next line of a text, without its end; the text loses it.
inline std::string_view next_line(std::string_view& text) noexcept {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// The next word of a line, which loses it; empty at its end. Blanks and tabs separate words.
inline std::string_view next_word(std::string_view& line) noexcept {
    constexpr std::string_view blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace sallyport::gateway
