#include "gateway/json_line.h"

#include <array>
#include <charconv>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_number_chars = 32;

template <class Number>
void put(std::pmr::string& out, Number number) {
    char digits[max_number_chars];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void put_escape(std::pmr::string& out, unsigned code) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out += digits[code >> static_cast<unsigned>(shift) & 15U];
}

/// By octet: is it written as it is?
constexpr auto plain_octets = [] {
    std::array<bool, 256> plain{};
    for (std::size_t c = 0x20; c < 0x7F; ++c)
        plain[c] = c != '"' && c != '\\';
    return plain;
}();

bool is_plain(char c) {
    return plain_octets[static_cast<unsigned char>(c)];
}

struct Character {
    char32_t code;
    std::size_t bytes;
};

constexpr Character not_utf8{U'\uFFFD', 1};

/// The character at the beginning of `text`, which is not empty (RFC 3629: shortest form, no surrogates, at
/// most U+10FFFF).
Character first_character(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return {byte(0), 1};
    const std::size_t bytes = byte(0) < 0xC2   ? 0
                              : byte(0) < 0xE0 ? 2
                              : byte(0) < 0xF0 ? 3
                              : byte(0) < 0xF5 ? 4
                                               : 0;
    if (bytes == 0 || bytes > text.size()) return not_utf8;
    char32_t code = byte(0) & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return not_utf8;
        code = code << 6U | (byte(i) & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[bytes] || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return not_utf8;
    return {code, bytes};
}

/// What a terminal or a reader of lines would obey: controls (C0, DEL, C1), line and paragraph separators,
/// and what turns the direction of text.
bool is_obeyed(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xFEFF;
}

void put_text(std::pmr::string& out, std::string_view text) {
    out += '"';
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = begin;
        while (end < text.size() && is_plain(text[end]))
            ++end;
        out += text.substr(begin, end - begin);
        if (end == text.size()) break;
        const Character character = first_character(text.substr(end));
        begin = end + character.bytes;
        if (text[end] == '"' || text[end] == '\\') {
            out += '\\';
            out += text[end];
        } else if (is_obeyed(character.code) || character.code == not_utf8.code) {
            put_escape(out, static_cast<unsigned>(character.code));
        } else {
            out += text.substr(end, character.bytes);
        }
    }
    out += '"';
}

/// The digits of `number`, as many as end at `last`.
void put_digits(char* first, char* last, unsigned number) {
    for (; last != first; number /= 10)
        *--last = static_cast<char>('0' + number % 10);
}

}  // namespace

void JsonLine::begin(std::string_view name) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_ += name;
    text_ += "\":";
}

void JsonLine::add(std::string_view name, std::string_view text) {
    begin(name);
    put_text(text_, text);
}

void JsonLine::add(std::string_view name, bool flag) {
    begin(name);
    text_ += flag ? "true" : "false";
}

void JsonLine::add(std::string_view name, double number) {
    begin(name);
    put(text_, number);
}

void JsonLine::add_integer(std::string_view name, std::int64_t number) {
    begin(name);
    put(text_, number);
}

void JsonLine::add_time(std::string_view name, std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<microseconds>(time - day));
    char text[] = "\"0000-00-00T00:00:00.000000Z\"";
    const auto put = [&text](std::size_t first, std::size_t digits, auto number) {
        put_digits(text + first, text + first + digits, static_cast<unsigned>(number));
    };
    put(1, 4, static_cast<int>(date.year()));
    put(6, 2, static_cast<unsigned>(date.month()));
    put(9, 2, static_cast<unsigned>(date.day()));
    put(12, 2, clock.hours().count());
    put(15, 2, clock.minutes().count());
    put(18, 2, clock.seconds().count());
    put(21, 6, clock.subseconds().count());
    begin(name);
    text_.append(text, sizeof text - 1);
}

void JsonLine::add_object(std::string_view name, std::string_view object) {
    begin(name);
    text_ += object;
}

void JsonLine::add_milliseconds(std::string_view name, std::chrono::nanoseconds span) {
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(span).count();
    begin(name);
    put(text_, microseconds / 1000);
    const auto rest = static_cast<unsigned>(microseconds % 1000);
    const char fraction[] = {'.', static_cast<char>('0' + rest / 100),
                             static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
    text_.append(fraction, sizeof fraction);
}

std::string_view JsonLine::finish() {
    text_ += text_.empty() ? "{}" : "}";
    return text_;
}

}  // namespace sallyport::gateway
