#pragma once

#include "gateway/rules/request_head.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// The head that goes to the store: the request line and every end-to-end field exactly as received, in their
/// order, since a signature may cover them, and framing of our own making. The connection to the store
/// is kept alive by default (RFC 9112 9.3). With `only_when_absent` the store is asked to replace nothing
/// (`If-None-Match: *`, RFC 9110 13.1.2; S3 API, "PutObject"): a field that no signature covers.
std::string upstream_head(const RequestHead& head, const Delivery& delivery, bool only_when_absent = false);

/// The fields that say how long the body of a request is.
void append_framing(std::string& head, const Delivery& delivery);

/// A parsed answer head; views as in RequestHead.
struct AnswerHead {
    unsigned status = 0;
    std::string_view reason;
    unsigned version = 11;
    std::vector<HeaderField> fields;
};

/// How the answer's body is delimited, and whether the store's connection survives it.
struct AnswerDelivery {
    enum class Framing { none, length, chunked, until_close } framing = Framing::none;
    std::uint64_t content_length = 0;  ///< when framing is `length`, and for HEAD and 304 what was declared
    bool declares_length = false;
    bool keep_alive = true;
};

/// Refuses what is no sound final answer to `method` (RFC 9112 6.3): control bytes, bare line ends, folded
/// lines, repeated, signed or contradicting lengths, other transfer codings, status codes outside 200-599, an
/// unasked upgrade.
Result<AnswerDelivery> judge_answer(std::string_view raw, const AnswerHead& answer, std::string_view method);

/// The answer head for the device. A body that the store ends by closing becomes chunked, so that an abort
/// cannot be mistaken for its end; a device that speaks HTTP/1.0 (`chunked` false) gets it until close.
std::string downstream_head(const AnswerHead& answer, const AnswerDelivery& delivery, bool chunked,
                            bool keep_alive);

/// Leaves of an answer to a request of our own signing what S3 clients know. Others may name places in the
/// store and count what is not the client's: `Location`, `x-rgw-object-count`.
void keep_known_fields(AnswerHead& answer);

/// The head of a store's error whose document will be ours, up to its Content-Length, which is still to come.
std::string error_head(const AnswerHead& answer, bool keep_alive);

/// An answer of our own: an S3 error document, or only its head for HEAD requests (RFC 9110 9.3.2).
std::string denial_answer(const Denial& denial, std::string_view resource, std::string_view request_id,
                          bool head_only, bool keep_alive);

}  // namespace sallyport::gateway
