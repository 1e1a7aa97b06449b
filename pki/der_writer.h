#pragma once

#include "pki/der.h"

#include <chrono>
#include <string>
#include <string_view>

namespace sallyport::pki {

// Appends elements in DER (X.690 10.1). Contents are limited to 4 GiB, as in DerReader.

/// Identifier and length of an element whose content the caller appends.
void append_header(std::string& out, Tag tag, std::size_t length);

void append_element(std::string& out, Tag tag, std::string_view content);

/// An INTEGER from zero up.
void append_integer(std::string& out, std::uint64_t value);

/// As RFC 5280 4.1.2.5 wants it: UTCTime through 2049, GeneralizedTime from 2050 on. Years 1950 to 9999.
void append_time(std::string& out, std::chrono::sys_seconds instant);

/// GeneralizedTime whatever the year, as invalidityDate wants it (RFC 5280 5.3.2).
void append_generalized_time(std::string& out, std::chrono::sys_seconds instant);

}  // namespace sallyport::pki
