#include "pki/time.h"

#include <cstdio>
#include <utility>

namespace sallyport::pki {

Asn1TimePtr asn1_time(std::chrono::sys_seconds instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    char text[64];
    static_cast<void>(std::snprintf(text, sizeof text, "%04d%02u%02u%02d%02d%02dZ",
                                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                    static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                                    static_cast<int>(time.minutes().count()),
                                    static_cast<int>(time.seconds().count())));
    Asn1TimePtr made(ASN1_TIME_new());
    if (!made || ASN1_TIME_set_string_X509(made.get(), text) != 1) return nullptr;
    return made;
}

std::chrono::sys_seconds instant_of(const std::tm& utc) {
    const std::chrono::year_month_day date{std::chrono::year{utc.tm_year + 1900},
                                           std::chrono::month{static_cast<unsigned>(utc.tm_mon + 1)},
                                           std::chrono::day{static_cast<unsigned>(utc.tm_mday)}};
    return std::chrono::sys_days{date} + std::chrono::hours{utc.tm_hour} + std::chrono::minutes{utc.tm_min} +
           std::chrono::seconds{utc.tm_sec};
}

std::optional<std::time_t> c_time(std::chrono::sys_seconds instant) {
    const auto seconds = instant.time_since_epoch().count();
    if (!std::in_range<std::time_t>(seconds)) return std::nullopt;
    return static_cast<std::time_t>(seconds);
}

std::string rfc3339(std::chrono::sys_seconds instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    char text[64];
    static_cast<void>(std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ",
                                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                    static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                                    static_cast<int>(time.minutes().count()),
                                    static_cast<int>(time.seconds().count())));
    return text;
}

}  // namespace sallyport::pki
