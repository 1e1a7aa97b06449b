#include "pki/der.h"

namespace sallyport::pki {

std::optional<DerElement> DerReader::next_of_any_length() noexcept {
    constexpr std::size_t max_length_octets = 4;
    if (rest_.size() < 2 || (rest_[0] & long_tag) == long_tag) return std::nullopt;

    std::size_t header = 2;
    std::size_t length = rest_[1];
    if (length >= long_length) {
        const std::size_t octets = length & 0x7FU;
        if (octets == 0 || octets > max_length_octets || rest_.size() < header + octets) return std::nullopt;
        length = 0;
        for (std::size_t i = 0; i < octets; ++i)
            length = length << 8U | rest_[header + i];
        const bool minimal = rest_[header] != 0 && length >= long_length;
        if (!minimal) return std::nullopt;
        header += octets;
    }
    if (rest_.size() - header < length) return std::nullopt;
    return take(header, length);
}

Bytes minimal_integer(Bytes content) noexcept {
    constexpr std::uint8_t sign = 0x80;
    while (content.size() > 1 && ((content[0] == 0x00 && (content[1] & sign) == 0) ||
                                  (content[0] == 0xFF && (content[1] & sign) != 0))) {
        content = content.subspan(1);
    }
    return content;
}

}  // namespace sallyport::pki
