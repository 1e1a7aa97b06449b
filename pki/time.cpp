#include "pki/time.h"

#include <cstdio>

namespace sallyport::pki {

Asn1TimePtr asn1_time(std::chrono::sys_seconds instant) {
    return Asn1TimePtr(ASN1_TIME_set(nullptr, instant.time_since_epoch().count()));
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
