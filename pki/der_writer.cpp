#include "pki/der_writer.h"

#include <array>

namespace sallyport::pki {
namespace {

char* put_two_digits(char* to, unsigned value) {
    *to++ = static_cast<char>('0' + value / 10 % 10);
    *to++ = static_cast<char>('0' + value % 10);
    return to;
}

/// YYYYMMDDHHMMSSZ
std::array<char, 15> time_text(std::chrono::sys_seconds instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    std::array<char, 15> text{};
    char* to = text.data();
    for (const unsigned pair :
         {year / 100, year % 100, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
          static_cast<unsigned>(time.hours().count()), static_cast<unsigned>(time.minutes().count()),
          static_cast<unsigned>(time.seconds().count())}) {
        to = put_two_digits(to, pair);
    }
    *to = 'Z';
    return text;
}

}  // namespace

void append_header(std::string& out, Tag tag, std::size_t length) {
    constexpr std::size_t long_form = 0x80;
    out += static_cast<char>(tag);
    if (length < long_form) {
        out += static_cast<char>(length);
        return;
    }
    unsigned octets = 1;
    while (length >> 8U * octets != 0)
        ++octets;
    out += static_cast<char>(long_form | octets);
    while (octets-- > 0)
        out += static_cast<char>(length >> 8U * octets & 0xFFU);
}

void append_element(std::string& out, Tag tag, std::string_view content) {
    append_header(out, tag, content.size());
    out += content;
}

void append_integer(std::string& out, std::uint64_t value) {
    std::string octets;
    do {
        octets.insert(octets.begin(), static_cast<char>(value & 0xFFU));
        value >>= 8U;
    } while (value != 0);
    if ((octets[0] & 0x80) != 0) octets.insert(octets.begin(), '\0');
    append_element(out, Tag::integer, octets);
}

void append_time(std::string& out, std::chrono::sys_seconds instant) {
    constexpr std::chrono::sys_days first_generalized{std::chrono::year{2050} / 1 / 1};
    if (instant >= first_generalized) return append_generalized_time(out, instant);
    const auto text = time_text(instant);
    append_element(out, Tag::utc_time, std::string_view(text.data(), text.size()).substr(2));
}

void append_generalized_time(std::string& out, std::chrono::sys_seconds instant) {
    const auto text = time_text(instant);
    append_element(out, Tag::generalized_time, std::string_view(text.data(), text.size()));
}

}  // namespace sallyport::pki
