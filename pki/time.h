#pragma once

#include "pki/openssl.h"

#include <chrono>
#include <string>

namespace sallyport::pki {

/// The instant as RFC 5280 4.1.2.5 wants it: UTCTime through 2049, GeneralizedTime from 2050 on, in UTC.
/// Null when memory is exhausted or the year is beyond 9999.
Asn1TimePtr asn1_time(std::chrono::sys_seconds instant);

/// The instant in UTC as RFC 3339 text, e.g. "2026-11-23T15:58:00Z".
std::string rfc3339(std::chrono::sys_seconds instant);

}  // namespace sallyport::pki
