#include "gateway/json_line.h"

#include <charconv>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_number_chars = 32;

template <class Number>
void put(std::pmr::string& out, Number number) {
    char digits[max_number_chars];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

bool must_be_escaped(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void put_escaped(std::pmr::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
        return;
    }
    const auto code = static_cast<unsigned char>(c);
    out += "\\u00";
    out += digits[code >> 4U];
    out += digits[code & 15U];
}

void put_text(std::pmr::string& out, std::string_view text) {
    out += '"';
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!must_be_escaped(text[i])) continue;
        out += text.substr(begin, i - begin);
        put_escaped(out, text[i]);
        begin = i + 1;
    }
    out += text.substr(begin);
    out += '"';
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
