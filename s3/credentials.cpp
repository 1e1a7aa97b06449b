#include "s3/credentials.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <openssl/crypto.h>

namespace sallyport::s3 {

Result<AccessKey> AccessKey::parse(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= 128;
    const auto allowed = [](char c) { return c >= '!' && c <= '~' && c != '/' && c != ','; };
    if (!fits || !std::all_of(text.begin(), text.end(), allowed)) {
        return Error{Fault::malformed,
                     "the access key is not 1 to 128 visible ASCII characters without '/' and ','"};
    }
    return AccessKey{text};
}

Result<SecretKey> SecretKey::parse(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= 256;
    if (!fits || !std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
        return Error{Fault::malformed, "the secret key is not 1 to 256 printable ASCII characters"};
    }
    return SecretKey{text};
}

SecretKey::SecretKey(SecretKey&& other) noexcept : text_(std::move(other.text_)) {
    other.wipe();  // a short text lives inside the string object and was copied, not moved
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = std::move(other.text_);
        other.wipe();
    }
    return *this;
}

SecretKey::~SecretKey() {
    wipe();
}

void SecretKey::wipe() noexcept {
    text_.resize(text_.capacity());  // never allocates; reaches the bytes behind the end of a moved-from text
    OPENSSL_cleanse(text_.data(), text_.size());
    text_.clear();
}

std::string CredentialScope::text() const {
    return date + '/' + region + '/' + service + "/aws4_request";
}

std::string amz_date(std::chrono::sys_seconds time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    char text[48];
    std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()));
    return text;
}

Result<std::chrono::sys_seconds> parse_amz_date(std::string_view text) {
    const Error malformed{Fault::malformed, "the date is not of the form YYYYMMDDTHHMMSSZ"};
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return malformed;
    const auto number = [&](std::size_t at, std::size_t digits) {
        int value = 0;
        for (const char c : text.substr(at, digits)) {
            if (c < '0' || c > '9') return -1;
            value = value * 10 + (c - '0');
        }
        return value;
    };
    const int year = number(0, 4);
    const int month = number(4, 2);
    const int day = number(6, 2);
    const int hour = number(9, 2);
    const int minute = number(11, 2);
    const int second = number(13, 2);
    const bool in_range = year >= 1970 && month > 0 && day > 0 && hour >= 0 && hour < 24 && minute >= 0 &&
                          minute < 60 && second >= 0 && second < 60;
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!in_range || !date.ok()) return malformed;
    return std::chrono::sys_seconds{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second};
}

CredentialScope scope_at(std::chrono::sys_seconds time, std::string_view region) {
    return {amz_date(time).substr(0, 8), std::string{region}};
}

}  // namespace sallyport::s3
