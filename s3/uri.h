#pragma once

#include <string>
#include <string_view>

namespace sallyport::s3 {

enum class Slash { keep, encode };

/// Percent-encodes as Signature V4 wants it: all but A-Z a-z 0-9 - . _ ~ becomes %XX (upper case);
/// `/` is kept in paths. Source: S3 API, "Authenticating Requests: UriEncode".
std::string uri_encode(std::string_view text, Slash slash);

}  // namespace sallyport::s3
