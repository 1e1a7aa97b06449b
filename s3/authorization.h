#pragma once

#include "s3/result.h"
#include "s3/sigv4.h"

#include <chrono>
#include <string>
#include <string_view>

namespace sallyport::s3 {

inline constexpr std::string_view signature_algorithm = "AWS4-HMAC-SHA256";

/// The value of the Authorization header.
std::string authorization_header(const Authorization& authorization);

/// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b,
/// Signature=HEX`. The three parts may come in any order, each exactly once; the header list must be in lower
/// case, sorted and distinct. At most 4,096 bytes. It proves nothing: compare the signature afterwards.
Result<Authorization> parse_authorization(std::string_view value);

/// What the query of a presigned URL claims.
struct PresignedAuthorization {
    Authorization authorization;
    std::chrono::sys_seconds time;
    std::chrono::seconds expires;
    std::string session_token;   ///< empty: none
    std::string unsigned_query;  ///< canonical, without X-Amz-Signature: what the signature covers
};

/// X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders, -Signature or -Security-Token.
bool is_signature_parameter(std::string_view name);

/// Reads the query of a presigned URL; each X-Amz-* parameter above is there exactly once (the token at most
/// once), X-Amz-Date lies on the scope's day, and X-Amz-Expires is 1 to 604800 seconds.
Result<PresignedAuthorization> parse_presigned_query(std::string_view raw_query);

}  // namespace sallyport::s3
