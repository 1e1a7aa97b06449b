#pragma once

#include "pki/result.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// For support: what a client had to sign, stage by stage. `input` is a JSON object with `method`, `target`
/// (raw, percent-encoded), `headers` (list of [name, value]), `payload_hash`, `access_key`, `secret_key`,
/// `session_token`, `region`, `service` (default s3), `date` (YYYYMMDDTHHMMSSZ), `mode` (`header`, default,
/// or `query`), `expires` (seconds, of a presigned URL) and `signed_headers` (exactly these are signed). Of
/// `x-amz-date`, `x-amz-content-sha256` and `x-amz-security-token` the values above stand in when they are to
/// be signed but are not among `headers`. The answer is a JSON object with `canonical_request`,
/// `string_to_sign` and `signature`, and `authorization` or `query` to be sent. The path is encoded once, as
/// S3 wants it. Faults are the caller's and name the member.
pki::Result<std::string> sigv4_stages(std::string_view input);

}  // namespace sallyport::gateway
