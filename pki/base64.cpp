#include "pki/base64.h"

#include <array>
#include <cstdint>

namespace sallyport::pki {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0x80;

constexpr std::array<std::uint8_t, 256> make_digits() {
    std::array<std::uint8_t, 256> digits{};
    digits.fill(no_digit);
    for (std::size_t value = 0; value < alphabet.size(); ++value)
        digits[static_cast<std::uint8_t>(alphabet[value])] = static_cast<std::uint8_t>(value);
    return digits;
}
constexpr std::array<std::uint8_t, 256> digits = make_digits();

constexpr std::uint32_t digit(char character) noexcept {
    return digits[static_cast<std::uint8_t>(character)];
}

class Decoder {
  public:
    Decoder(std::string_view lines, char* out) noexcept : rest_(lines), begin_(out), out_(out) {}

    std::optional<std::size_t> decode() noexcept {
        for (;;) {
            take_whole_groups();
            if (rest_.empty()) break;
            if (!take_one()) return std::nullopt;
        }
        if (!line_is_empty_ || !finish()) return std::nullopt;
        return static_cast<std::size_t>(out_ - begin_);
    }

  private:
    /// The common case: four characters in a row.
    void take_whole_groups() noexcept {
        if (held_ != 0 || padding_ != 0) return;
        // Not through the members: whatever is written through a char* could be one of them.
        const std::string_view rest = rest_;
        char* out = out_;
        std::size_t at = 0;
        for (; rest.size() - at >= 4; at += 4) {
            const std::uint32_t a = digit(rest[at]);
            const std::uint32_t b = digit(rest[at + 1]);
            const std::uint32_t c = digit(rest[at + 2]);
            const std::uint32_t d = digit(rest[at + 3]);
            if (((a | b | c | d) & no_digit) != 0) break;
            out = put(out, a << 18U | b << 12U | c << 6U | d, 3);
        }
        if (at > 0) line_is_empty_ = false;
        rest_.remove_prefix(at);
        out_ = out;
    }

    /// One character or line end.
    bool take_one() noexcept {
        const char character = rest_.front();
        const std::size_t line_end = rest_.starts_with("\r\n") ? 2 : character == '\n' ? 1 : 0;
        if (line_end > 0) {
            if (line_is_empty_) return false;
            line_is_empty_ = true;
            rest_.remove_prefix(line_end);
            return true;
        }
        rest_.remove_prefix(1);
        line_is_empty_ = false;
        if (character == '=') return ++padding_ <= 2;
        const std::uint32_t value = digit(character);
        if (value == no_digit || padding_ != 0) return false;
        bits_ = bits_ << 6U | value;
        if (++held_ < 4) return true;
        out_ = put(out_, bits_, 3);
        held_ = 0;
        bits_ = 0;
        return true;
    }

    /// What is left are two characters and two of padding, or three and one.
    bool finish() noexcept {
        if (held_ + padding_ != (held_ == 0 ? 0U : 4U) || held_ == 1) return false;
        if (held_ == 2) {
            if ((bits_ & 0x0FU) != 0) return false;
            out_ = put(out_, bits_ << 12U, 1);
        } else if (held_ == 3) {
            if ((bits_ & 0x03U) != 0) return false;
            out_ = put(out_, bits_ << 6U, 2);
        }
        return true;
    }

    static char* put(char* out, std::uint32_t group, unsigned bytes) noexcept {
        for (unsigned i = 0; i < bytes; ++i)
            *out++ = static_cast<char>(group >> (16U - 8U * i));
        return out;
    }

    std::string_view rest_;
    char* begin_;
    char* out_;
    std::uint32_t bits_ = 0;
    unsigned held_ = 0;     ///< characters in `bits_`
    unsigned padding_ = 0;  ///< characters of it
    bool line_is_empty_ = true;
};

}  // namespace

std::optional<std::size_t> decode_base64_lines(std::string_view lines, char* out) noexcept {
    return Decoder(lines, out).decode();
}

}  // namespace sallyport::pki
