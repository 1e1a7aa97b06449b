#pragma once

#include "pki/openssl.h"

#include <chrono>
#include <ctime>
#include <optional>
#include <string>

namespace sallyport::pki {

/// The instant as RFC 5280 4.1.2.5 wants it: UTCTime through 2049, GeneralizedTime from 2050 on, in UTC.
/// Null when memory is exhausted or the year is beyond 9999.
Asn1TimePtr asn1_time(std::chrono::sys_seconds instant);

/// The instant that a broken-down time in UTC stands for; its fields must be in their ranges. Unlike timegm
/// it knows the years after 2038 where time_t has 32 bits.
std::chrono::sys_seconds instant_of(const std::tm& utc);

/// For interfaces that take a time_t. Nothing when it cannot hold the instant: 32 bits end in January 2038.
std::optional<std::time_t> c_time(std::chrono::sys_seconds instant);

/// The instant in UTC as RFC 3339 text, e.g. "2026-11-23T15:58:00Z".
std::string rfc3339(std::chrono::sys_seconds instant);

}  // namespace sallyport::pki
