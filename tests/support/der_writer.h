#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Writes DER (X.690) piece by piece, so that tests can make what OpenSSL refuses to make.
namespace sallyport::test {

inline std::string octets(std::initializer_list<unsigned> values) {
    std::string text;
    for (const unsigned value : values)
        text += static_cast<char>(value);
    return text;
}

inline std::string joined(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts)
        text += part;
    return text;
}

/// Identifier, definite minimal length, content.
inline std::string tlv(unsigned tag, std::string_view content) {
    std::string length;
    for (std::size_t rest = content.size(); rest > 0; rest >>= 8U)
        length.insert(length.begin(), static_cast<char>(rest & 0xFFU));
    if (content.size() < 0x80) {
        length.assign(1, static_cast<char>(content.size()));
    } else {
        length.insert(length.begin(), static_cast<char>(0x80U | length.size()));
    }
    return static_cast<char>(tag) + length + std::string(content);
}

inline std::string sequence(std::initializer_list<std::string_view> elements) {
    return tlv(0x30, joined(elements));
}
inline std::string integer(std::string_view content) {
    return tlv(0x02, content);
}
inline std::string enumerated(unsigned value) {
    return tlv(0x0A, octets({value}));
}
inline std::string boolean(bool value) {
    return tlv(0x01, octets({value ? 0xFFU : 0U}));
}
inline std::string octet_string(std::string_view content) {
    return tlv(0x04, content);
}
/// Without unused bits.
inline std::string bit_string(std::string_view content) {
    return tlv(0x03, std::string(1, '\0') + std::string(content));
}
inline std::string utc_time(std::string_view text) {
    return tlv(0x17, text);
}
inline std::string generalized_time(std::string_view text) {
    return tlv(0x18, text);
}
/// One of the id-ce identifiers 2.5.29.`arc` (RFC 5280 4.2).
inline std::string id_ce(unsigned arc) {
    return tlv(0x06, octets({0x55, 0x1D, arc}));
}

}  // namespace sallyport::test
