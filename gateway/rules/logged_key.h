#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// A key as logs may show it. Who encodes the `?` of a presigned URL makes its query a part of the key: the
/// values of X-Amz-Signature, X-Amz-Security-Token and X-Amz-Credential, and behind the first `?` those of
/// AWSAccessKeyId and Signature, are `...`, up to the next `&`, whatever the letter case and however often
/// name, `=` and `&` are percent-encoded. Nothing: the key holds none of them and may stand as it is, which
/// costs next to nothing where there is neither `=` nor `%`. For logs alone: two keys may become one.
std::optional<std::string> logged_key(std::string_view key);

}  // namespace sallyport::gateway
