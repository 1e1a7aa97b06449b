#pragma once

#include "s3/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::s3 {

enum class Slash { keep, encode };

/// Percent-encodes as Signature V4 wants it: all but A-Z a-z 0-9 - . _ ~ becomes %XX (upper case);
/// `/` is kept in paths. Source: S3 API, "Authenticating Requests: UriEncode".
std::string uri_encode(std::string_view text, Slash slash);

/// The inverse, strictly: each `%` needs two hexadecimal digits, and what is not encoded must be visible
/// ASCII (RFC 3986 2), so a raw space, control byte or 8-bit byte is malformed. `+` stands for itself.
Result<std::string> percent_decode(std::string_view encoded);

/// One parameter of a query, decoded. `?lifecycle` has an empty value.
struct QueryParameter {
    std::string name;
    std::string value;

    auto operator<=>(const QueryParameter&) const = default;
};

/// Splits a raw query (without `?`) in the order given. An empty parameter (`a&&b`, `=x`) and a raw `+`
/// (a space to some readers, a plus to others) are ambiguous; more than 1,000 parameters are too many.
Result<std::vector<QueryParameter>> parse_query(std::string_view raw);

/// The canonical query string: names and values encoded, sorted by encoded name, then by encoded value.
std::string canonical_query(const std::vector<QueryParameter>& parameters);
Result<std::string> canonical_query(std::string_view raw);

/// The canonical URI of a raw path: every segment encoded exactly once, nothing normalised, because S3 keeps
/// `//`, `.` and `..` in keys. An encoded slash stays `%2F`, so two targets never share a canonical form.
Result<std::string> canonical_uri(std::string_view raw_path);

}  // namespace sallyport::s3
