#include "pki/der.h"

namespace sallyport::pki {

std::optional<Tag> DerReader::peek() const noexcept {
    if (rest_.empty()) return std::nullopt;
    return static_cast<Tag>(rest_[0]);
}

std::optional<DerElement> DerReader::next() noexcept {
    constexpr std::uint8_t long_tag = 0x1F;
    constexpr std::uint8_t long_length = 0x80;
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

    const DerElement element{static_cast<Tag>(rest_[0]), rest_.subspan(header, length),
                             rest_.first(header + length)};
    rest_ = rest_.subspan(header + length);
    return element;
}

std::optional<DerElement> DerReader::next(Tag tag) noexcept {
    if (peek() != tag) return std::nullopt;
    return next();
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
