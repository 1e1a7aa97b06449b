#pragma once

#include "s3/credentials.h"
#include "s3/result.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// AWS Signature Version 4 for S3, stage by stage. Source: S3 API, "Signature Calculations for the
/// Authorization Header" and "Authenticating Requests: Using Query Parameters". The clock is a parameter.
namespace sallyport::s3 {

/// One header line; both views belong to the caller.
struct HeaderField {
    std::string_view name;
    std::string_view value;
};

/// The parts of a request that a signature covers; the views belong to the caller. `target` is the raw
/// origin form, `/path?query`.
struct SignedRequest {
    std::string_view method;
    std::string_view target;
    std::span<const HeaderField> headers;
    std::string_view payload_hash;  ///< SHA-256 in hexadecimal, UNSIGNED-PAYLOAD or a STREAMING-... name
};

/// Lower-cases and sorts the names to sign. A repeated name, or one that is no token (RFC 9110 5.6.2), is
/// malformed; so is an empty list, and more than 100 names.
Result<std::vector<std::string>> canonical_header_names(std::span<const std::string_view> names);

/// Stage 1. `signed_headers` must be canonical (see above); each must be there. Repeated header lines are
/// joined with `,` in their order; white space around a value is dropped, inside it is one space.
Result<std::string> canonical_request(const SignedRequest& request,
                                      std::span<const std::string> signed_headers);

/// Stage 2.
std::string string_to_sign(std::chrono::sys_seconds time, const CredentialScope& scope,
                           std::string_view canonical_request);

/// Stage 3: the key of one day, region and service. Wiped when it goes.
class SigningKey {
  public:
    static constexpr std::size_t size = 32;

    SigningKey(const SecretKey& secret, const CredentialScope& scope);
    SigningKey(const SigningKey&) = default;
    SigningKey& operator=(const SigningKey&) = default;
    ~SigningKey();

    std::span<const unsigned char, size> bytes() const noexcept { return bytes_; }

  private:
    std::array<unsigned char, size> bytes_{};
};

/// Stage 4: 64 lower-case hexadecimal digits.
std::string signature(const SigningKey& key, std::string_view string_to_sign);

/// Compares in constant time; only the lengths are not secret.
bool signatures_equal(std::string_view left, std::string_view right) noexcept;

/// What a signer claims, in a header or in a query.
struct Authorization {
    AccessKey access_key;
    CredentialScope scope;
    std::vector<std::string> signed_headers;  ///< canonical: lower case, sorted, distinct
    std::string signature;                    ///< 64 lower-case hexadecimal digits
};

/// All four stages: exactly `signed_headers` are signed, which must be among the request's headers.
Result<Authorization> sign(const SignedRequest& request, std::span<const std::string_view> signed_headers,
                           const AccessKey& access_key, const SecretKey& secret_key, std::string_view region,
                           std::chrono::sys_seconds time);

/// What a presigned URL says about its signer.
struct PresignedClaims {
    const AccessKey& access_key;
    const CredentialScope& scope;
    std::string_view session_token;  ///< empty: none
    std::chrono::sys_seconds time;
    std::chrono::seconds expires;  ///< 1 second to 7 days
};

/// The canonical query that the signature of a presigned URL covers: that of `target` and the X-Amz-*
/// parameters. A target that has one of these already is ambiguous. `signed_headers` must be canonical.
Result<std::string> query_to_sign(std::string_view target, std::span<const std::string> signed_headers,
                                  const PresignedClaims& claims);

/// The credentials and limits of a presigned URL.
struct Presigning {
    const AccessKey& access_key;
    const SecretKey& secret_key;
    std::string_view session_token;  ///< empty: none
    std::string_view region;
    std::chrono::sys_seconds time;
    std::chrono::seconds expires;  ///< 1 second to 7 days
};

/// The whole query of a presigned URL: the query of `request.target`, the X-Amz-* parameters and, last,
/// X-Amz-Signature. A target that has one of these parameters already is ambiguous.
Result<std::string> presigned_query(const SignedRequest& request,
                                    std::span<const std::string_view> signed_headers,
                                    const Presigning& presigning);

}  // namespace sallyport::s3
