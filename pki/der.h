#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sallyport::pki {

using Bytes = std::span<const std::uint8_t>;

/// The identifier octets that this project reads (X.690 8.1.2; all are single-octet).
enum class Tag : std::uint8_t {
    boolean = 0x01,
    integer = 0x02,
    bit_string = 0x03,
    octet_string = 0x04,
    object_identifier = 0x06,
    enumerated = 0x0A,
    utc_time = 0x17,
    generalized_time = 0x18,
    sequence = 0x30,
    context_0_primitive = 0x80,
    context_0 = 0xA0,
};

/// One TLV: `content` are its value octets, `whole` includes identifier and length.
struct DerElement {
    Tag tag;
    Bytes content;
    Bytes whole;
};

/// Walks the elements of one level of a DER encoding without copying. Strict (X.690 10.1): definite,
/// minimal lengths of at most 4 octets, single-octet identifiers; anything else is "no element".
/// The bytes must outlive the reader and its elements.
class DerReader {
  public:
    explicit DerReader(Bytes input) noexcept : rest_(input) {}

    bool at_end() const noexcept { return rest_.empty(); }

    /// The identifier octet of the next element without consuming it; nothing at the end.
    std::optional<Tag> peek() const noexcept {
        if (rest_.empty()) return std::nullopt;
        return static_cast<Tag>(rest_[0]);
    }

    /// The next element, or nothing when the encoding is malformed or at its end.
    std::optional<DerElement> next() noexcept {
        // A CRL has millions of short elements.
        const bool is_short = rest_.size() >= 2 && (rest_[0] & long_tag) != long_tag &&
                              rest_[1] < long_length && rest_.size() - 2 >= rest_[1];
        return is_short ? std::optional(take(2, rest_[1])) : next_of_any_length();
    }

    /// The next element if it has this tag; otherwise nothing and nothing is consumed.
    std::optional<DerElement> next(Tag tag) noexcept {
        if (peek() != tag) return std::nullopt;
        return next();
    }

  private:
    static constexpr std::uint8_t long_tag = 0x1F;
    static constexpr std::uint8_t long_length = 0x80;

    std::optional<DerElement> next_of_any_length() noexcept;

    DerElement take(std::size_t header, std::size_t length) noexcept {
        const DerElement element{static_cast<Tag>(rest_[0]), rest_.subspan(header, length),
                                 rest_.first(header + length)};
        rest_ = rest_.subspan(header + length);
        return element;
    }

    Bytes rest_;
};

/// An INTEGER's content octets without redundant leading octets, so that equal numbers have equal bytes
/// even where an encoder broke X.690 8.3.2. Empty content (not legal) stays empty.
Bytes minimal_integer(Bytes content) noexcept;

}  // namespace sallyport::pki
