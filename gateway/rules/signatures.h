#pragma once

#include "gateway/rules/request_head.h"
#include "s3/payload_check.h"
#include "s3/signature_check.h"

#include <memory>

namespace sallyport::gateway {

/// The signature of a request whose head was judged.
s3::SignatureResult<s3::CheckedSignature> check_signature_of(const RequestHead& head,
                                                             const s3::SignatureTerms& terms);

/// What the fields of that request say about an aws-chunked body; all zero for another.
Result<s3::ChunkedPayload> chunked_payload_of(const s3::PayloadPromise& promise, const RequestHead& head);

/// Refuses an aws-chunked body that says it holds more than may come: `body_bytes`, or what its
/// Content-Length leaves. Of such a number a longer body is computed for the store, see `encoded_length`.
std::optional<Denial> check_decoded_length(const s3::ChunkedPayload& chunked, const Delivery& delivery,
                                           std::uint64_t body_bytes);

/// What the body of that request is held against as it passes; null when nothing was promised of it, or when
/// there is none and that is right. `has_body`: whether any comes.
Result<std::unique_ptr<s3::PayloadCheck>> payload_check_of(const s3::CheckedSignature& signature,
                                                           s3::ChunkedPayload chunked, bool has_body);

/// A canonical request without the secrets that it may carry: keys of encryption and tokens of sessions.
std::string without_secrets(std::string_view canonical_request);

/// What the client hears, with the codes and statuses of the S3 API ("Error Responses").
Denial denial_of(const s3::SignatureRefusal& refusal);
Denial denial_of(const s3::PayloadFault& fault);

}  // namespace sallyport::gateway
