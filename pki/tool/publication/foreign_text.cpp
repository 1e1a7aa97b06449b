#include "pki/tool/publication/foreign_text.h"

namespace sallyport::pki {

std::string shown(std::string_view foreign) {
    constexpr std::size_t longest = 300;
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (const char c : foreign.substr(0, longest)) {
        if (c >= ' ' && c <= '~' && c != '\\') {
            text += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        text += "\\x";
        text += digits[octet >> 4U];
        text += digits[octet & 15U];
    }
    return foreign.size() > longest ? text + "..." : text;
}

}  // namespace sallyport::pki
