#pragma once

#include "s3/aws_chunked.h"
#include "s3/result.h"
#include "s3/sigv4.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sallyport::s3 {

/// A request as it was received. `target` is the raw origin form; the views belong to the caller.
struct ReceivedRequest {
    std::string_view method;
    std::string_view target;
    std::span<const HeaderField> headers;
};

/// Why a signature is not accepted.
enum class SignatureFault {
    missing,            ///< there is none
    twice,              ///< a field and a query, or two fields
    version_2,          ///< Signature Version 2, which this gateway does not know
    malformed_header,   ///< the Authorization field, or a field that belongs to it
    malformed_query,    ///< the parameters of a presigned URL
    wrong_scope,        ///< another region, service or day than it must be for
    unknown_key,        ///< nobody's access key
    skewed,             ///< made at another time than now
    not_yet_valid,      ///< a presigned URL from the future
    expired,            ///< a presigned URL of the past
    uncovered_field,    ///< a field that must be signed is not
    malformed_payload,  ///< x-amz-content-sha256 is none of its known values
    mismatch,           ///< the signature is wrong
};

/// `canonical_request` and `string_to_sign` only where there was a comparison: for whoever looks for the
/// reason.
struct SignatureRefusal {
    SignatureFault fault;
    std::string detail;  ///< one line for people, without a secret
    std::string canonical_request = {};
    std::string string_to_sign = {};
};
template <class T>
using SignatureResult = boost::system::result<T, SignatureRefusal>;
[[noreturn]] void throw_exception_from_error(const SignatureRefusal& refusal, const boost::source_location&);

/// What x-amz-content-sha256 promises of the body (S3 API, "Signature Calculations for the Authorization
/// Header").
struct PayloadPromise {
    enum class Kind {
        nothing,  ///< UNSIGNED-PAYLOAD
        hash,     ///< `sha256` of the body
        chunks,   ///< an aws-chunked body of this `form`
    } kind = Kind::nothing;
    std::string sha256 = {};  ///< 64 lower-case hexadecimal digits
    AwsChunkedForm form = {};
};

/// Reads a value of x-amz-content-sha256; nothing when it is none that is defined for SigV4.
std::optional<PayloadPromise> parse_payload_promise(std::string_view value);

/// A signature that is right.
struct CheckedSignature {
    Authorization authorization;
    SigningKey key;
    std::chrono::sys_seconds time;
    PayloadPromise payload;
};

/// What a signature is held against.
struct SignatureTerms {
    std::chrono::sys_seconds now;
    std::chrono::seconds skew{15 * 60};  ///< clocks may differ by so much, either way
    std::string_view region = {};        ///< empty: any
    /// The key of a day and region; nothing for an access key that nobody has.
    std::function<std::optional<SigningKey>(const AccessKey&, const CredentialScope&)> key_of;
};

/// Checks the one signature of a request, in its Authorization field or its query (S3 API, "Authenticating
/// Requests"). Host and every x-amz-* field must be signed, with a field also x-amz-date and
/// x-amz-content-sha256, which must be there once. The comparison takes the same time wherever it fails. What
/// the body holds is for later: see `payload`.
SignatureResult<CheckedSignature> check_signature(const ReceivedRequest& request,
                                                  const SignatureTerms& terms);

}  // namespace sallyport::s3
