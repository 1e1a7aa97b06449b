#include "gateway/rules/signatures.h"

#include "gateway/rules/logged_key.h"

#include <algorithm>
#include <vector>

namespace sallyport::gateway {
namespace {

constexpr std::string_view mismatch_message =
    "The request signature we calculated does not match the signature you provided. Check your key and "
    "signing "
    "method.";

std::vector<s3::HeaderField> fields_of(const RequestHead& head) {
    std::vector<s3::HeaderField> fields;
    fields.reserve(head.fields.size());
    for (const HeaderField& field : head.fields)
        fields.push_back({field.name, field.value});
    return fields;
}

}  // namespace

s3::SignatureResult<s3::CheckedSignature> check_signature_of(const RequestHead& head,
                                                             const s3::SignatureTerms& terms) {
    const auto fields = fields_of(head);
    return s3::check_signature({head.method, head.target, fields}, terms);
}

Result<s3::ChunkedPayload> chunked_payload_of(const s3::PayloadPromise& promise, const RequestHead& head) {
    if (promise.kind != s3::PayloadPromise::Kind::chunks) return s3::ChunkedPayload{};
    auto read = s3::read_chunked_payload(fields_of(head), promise.form);
    if (!read) return denial_of(read.error());
    return std::move(*read);
}

std::optional<Denial> check_decoded_length(const s3::ChunkedPayload& chunked, const Delivery& delivery,
                                           std::uint64_t body_bytes) {
    if (chunked.decoded_length > body_bytes)
        return entity_too_large(
            "x-amz-decoded-content-length beyond limits.body_bytes or body_bytes of its rule");
    if (delivery.framing != Framing::chunked && chunked.decoded_length > delivery.content_length) {
        return denial_of(s3::PayloadFault{s3::PayloadFault::Kind::wrong_length,
                                          "x-amz-decoded-content-length is more than Content-Length"});
    }
    return std::nullopt;
}

Result<std::unique_ptr<s3::PayloadCheck>> payload_check_of(const s3::CheckedSignature& signature,
                                                           s3::ChunkedPayload chunked, bool has_body) {
    if (signature.payload.kind == s3::PayloadPromise::Kind::nothing) return nullptr;
    auto check = std::make_unique<s3::PayloadCheck>(signature, std::move(chunked));
    if (has_body) return check;
    if (const auto wrong = check->finish()) return denial_of(*wrong);
    return nullptr;
}

std::string without_secrets(std::string_view canonical_request) {
    constexpr std::string_view secret_beginnings[] = {
        "\nx-amz-server-side-encryption-customer-key:",
        "\nx-amz-copy-source-server-side-encryption-customer-key:",
        "\nx-amz-security-token:",
        "X-Amz-Security-Token=",
    };
    std::string text(canonical_request);
    const auto path = text.find('\n') + 1;
    const auto path_size = std::min(text.find('\n', path), text.size()) - path;
    if (const auto shown = logged_key(std::string_view(text).substr(path, path_size)))
        text.replace(path, path_size, *shown);
    for (const std::string_view beginning : secret_beginnings) {
        const auto found = text.find(beginning);
        if (found == text.npos) continue;
        const auto value = found + beginning.size();
        text.replace(value, std::min(text.find_first_of("&\n", value), text.size()) - value, "(hidden)");
    }
    return text;
}

Denial denial_of(const s3::SignatureRefusal& refusal) {
    using Fault = s3::SignatureFault;
    switch (refusal.fault) {
        case Fault::missing:
            return {Reason::bad_signature, 403, "AccessDenied", "Access Denied", refusal.detail};
        case Fault::twice:
            return {Reason::malformed, 400, "InvalidArgument", "Only one auth mechanism allowed",
                    refusal.detail};
        case Fault::version_2:
            return {Reason::malformed, 400, "InvalidRequest",
                    "The authorization mechanism you have provided is not supported. Please use "
                    "AWS4-HMAC-SHA256.",
                    refusal.detail};
        case Fault::malformed_header:
            return {Reason::malformed, 400, "AuthorizationHeaderMalformed",
                    "The authorization header that you provided is not valid.", refusal.detail};
        case Fault::malformed_query:
            return {Reason::malformed, 400, "AuthorizationQueryParametersError",
                    "The query parameters of the signature are not valid.", refusal.detail};
        case Fault::wrong_scope:
            return {Reason::bad_signature, 400, "AuthorizationHeaderMalformed",
                    "The authorization header is malformed: its day, region or service is wrong.",
                    refusal.detail};
        case Fault::unknown_key:
            return {Reason::access_key, 403, "InvalidAccessKeyId",
                    "The AWS Access Key Id you provided does not exist in our records.", refusal.detail};
        case Fault::skewed:
            return {Reason::clock_skew, 403, "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.",
                    refusal.detail};
        case Fault::not_yet_valid:
            return {Reason::clock_skew, 403, "AccessDenied", "Request is not yet valid", refusal.detail};
        case Fault::expired:
            return {Reason::clock_skew, 403, "AccessDenied", "Request has expired", refusal.detail};
        case Fault::uncovered_field:
            return {Reason::bad_signature, 403, "AccessDenied",
                    "There were headers present in the request which were not signed", refusal.detail};
        case Fault::malformed_payload:
            return {Reason::malformed, 400, "InvalidArgument",
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a "
                    "valid sha256 value.",
                    refusal.detail};
        case Fault::mismatch:
            break;
    }
    return {Reason::bad_signature, 403, "SignatureDoesNotMatch", mismatch_message, refusal.detail};
}

Denial denial_of(const s3::PayloadFault& fault) {
    using Kind = s3::PayloadFault::Kind;
    switch (fault.kind) {
        case Kind::malformed:
            return bad_request(Reason::malformed, fault.detail);
        case Kind::wrong_length:
            return {Reason::malformed, 400, "IncompleteBody",
                    "You did not provide the number of bytes specified by the x-amz-decoded-content-length "
                    "HTTP header.",
                    fault.detail};
        case Kind::wrong_hash:
            return {Reason::bad_signature, 400, "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    fault.detail};
        case Kind::wrong_checksum:
            return {Reason::malformed, 400, "BadDigest",
                    "The checksum you specified did not match the calculated checksum.", fault.detail};
        case Kind::wrong_signature:
            break;
    }
    return {Reason::bad_signature, 403, "SignatureDoesNotMatch", mismatch_message, fault.detail};
}

}  // namespace sallyport::gateway
