#pragma once

#include "s3/address.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

inline constexpr std::string_view device_variable = "{device}";
inline constexpr std::string_view bucket_variable = "{bucket}";

/// What `pattern` has in common with no text at all, or could be read in two ways; nothing when it is sound.
/// `*` stands for any bytes, `/` included; `{device}` for the device's id; `{digits:N}` for N decimal digits;
/// `{hex:N}` for N hexadecimal digits with capitals; all else for itself.
std::optional<std::string> fault_of_pattern(std::string_view pattern);

/// Does the whole of `text` look like that? Nothing is allocated, and only the last `*` is ever tried again.
bool matches(std::string_view pattern, std::string_view device, std::string_view text);

/// The same for `bucket/key` patterns, of which `{bucket}` may be the first part: any one bucket.
bool matches(std::string_view pattern, std::string_view device, const s3::ObjectAddress& address);
bool matches_bucket(std::string_view pattern, std::string_view device, std::string_view bucket);

/// What stands in `text` where `pattern` has its first `{device}`; empty when what is before that differs.
std::string_view in_place_of_device(std::string_view pattern, std::string_view text);
std::string_view in_place_of_device(std::string_view pattern, const s3::ObjectAddress& address);

}  // namespace sallyport::gateway
