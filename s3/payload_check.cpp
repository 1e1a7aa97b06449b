#include "s3/payload_check.h"

#include "s3/field_name.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace sallyport::s3 {
namespace {

using Kind = PayloadFault::Kind;

PayloadFault fault(Kind kind, std::string detail) {
    return {kind, std::move(detail)};
}

/// The value of a field that is there once; nothing when it is not there, or more than once.
std::optional<std::string_view> only_value(std::span<const HeaderField> fields, std::string_view name) {
    std::optional<std::string_view> found;
    for (const HeaderField& field : fields) {
        if (!same_name(field.name, name)) continue;
        if (found) return std::nullopt;
        found = field.value;
    }
    return found;
}

std::optional<std::uint64_t> number_in(std::string_view digits) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_whole = error == std::errc{} && end == digits.data() + digits.size();
    return is_whole ? std::optional(number) : std::nullopt;
}

}  // namespace

void throw_exception_from_error(const PayloadFault& fault, const boost::source_location&) {
    throw std::logic_error("unchecked fault of a payload: " + fault.detail);
}

boost::system::result<ChunkedPayload, PayloadFault> read_chunked_payload(std::span<const HeaderField> fields,
                                                                         AwsChunkedForm form) {
    const auto length = only_value(fields, "x-amz-decoded-content-length");
    const auto number = length ? number_in(*length) : std::nullopt;
    if (!number)
        return fault(Kind::malformed, "x-amz-decoded-content-length must be there once, and be a number");
    ChunkedPayload payload{*number};
    const auto trailer = only_value(fields, "x-amz-trailer");
    const bool has_any = std::ranges::any_of(
        fields, [](const HeaderField& field) { return same_name(field.name, "x-amz-trailer"); });
    if (form.has_trailer != trailer.has_value() || has_any != trailer.has_value())
        return fault(Kind::malformed,
                     "x-amz-trailer must be there once where there is a trailer, and only there");
    if (trailer) payload.trailer = std::string(*trailer);
    if (trailer && !checksum_of_field(*trailer))
        return fault(Kind::malformed, "x-amz-trailer names no checksum that is known");
    return payload;
}

PayloadCheck::PayloadCheck(const CheckedSignature& signature, ChunkedPayload chunked)
    : promise_(signature.payload),
      chunked_(std::move(chunked)),
      signatures_(signature.key, signature.time, signature.authorization.scope,
                  signature.authorization.signature),
      decoder_(signature.payload.form) {
    if (promise_.kind == PayloadPromise::Kind::chunks && chunked_.trailer)
        checksum_.emplace(*checksum_of_field(*chunked_.trailer));
    if (checksum_ && chunked_.decoded_length == 0) hold_from_ = 0;
}

std::optional<PayloadFault> PayloadCheck::update(std::string_view data) {
    if (fault_) return fault_;
    switch (promise_.kind) {
        case PayloadPromise::Kind::nothing:
            return std::nullopt;
        case PayloadPromise::Kind::hash:
            hash_.update(std::as_bytes(std::span(data)));
            return std::nullopt;
        case PayloadPromise::Kind::chunks:
            break;
    }
    fault_ = follow(data);
    return fault_;
}

std::optional<PayloadFault> PayloadCheck::finish() {
    if (fault_) return fault_;
    if (promise_.kind == PayloadPromise::Kind::hash && hash_.finish() != promise_.sha256)
        return fault(Kind::wrong_hash, "the body is not the one of x-amz-content-sha256");
    if (promise_.kind != PayloadPromise::Kind::chunks || finished_) return std::nullopt;
    return fault(Kind::malformed, "the body ended before its last chunk");
}

std::optional<PayloadFault> PayloadCheck::follow(std::string_view data) {
    // What is held back is a line that lacks its end, at most 1,024 bytes: it grows by as little as completes
    // it.
    constexpr std::size_t more_at_once = 1024;
    while (!data.empty()) {
        const std::size_t before = held_.size();
        std::string_view input = data;
        if (before > 0) {
            held_ += data.substr(0, more_at_once);
            input = held_;
        }
        const AwsChunkedStep step = decoder_.step(input);
        if (auto wrong = take(step)) return wrong;
        if (step.kind == AwsChunkedStep::Kind::need_more) {
            const std::size_t added = before > 0 ? held_.size() - before : data.size();
            if (before == 0) held_ = data;
            data.remove_prefix(added);
            continue;
        }
        taken_ += step.bytes;
        data.remove_prefix(step.bytes - before);
        held_.clear();
    }
    return std::nullopt;
}

std::optional<PayloadFault> PayloadCheck::take(const AwsChunkedStep& step) {
    using Step = AwsChunkedStep::Kind;
    switch (step.kind) {
        case Step::need_more:
            return std::nullopt;
        case Step::malformed:
            return fault(Kind::malformed, "aws-chunked: " + std::string(step.detail));
        case Step::chunk:
            return begin_chunk(step);
        case Step::data:
            decoded_ += step.data.size();
            left_ -= step.data.size();
            if (promise_.form.has_signatures) signatures_.update(step.data);
            if (checksum_) checksum_->update(step.data);
            if (on_data_) on_data_(step.data);
            if (checksum_ && decoded_ == chunked_.decoded_length) hold_from_ = taken_ + step.bytes - 1;
            return left_ == 0 ? end_chunk() : std::nullopt;
        case Step::trailer:
        case Step::trailer_signature:
            return take_trailer(step);
        case Step::finished:
            finished_ = true;
            if (chunked_.trailer && !has_trailer_)
                return fault(Kind::malformed, "the trailer lacks " + *chunked_.trailer);
            if (decoded_ != chunked_.decoded_length)
                return fault(Kind::wrong_length, "the body is not as long as x-amz-decoded-content-length");
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<PayloadFault> PayloadCheck::begin_chunk(const AwsChunkedStep& step) {
    if (step.size > chunked_.decoded_length - decoded_)
        return fault(Kind::wrong_length, "the body is longer than x-amz-decoded-content-length");
    left_ = step.size;
    chunk_signature_ = step.signature;
    return left_ == 0 ? end_chunk() : std::nullopt;
}

std::optional<PayloadFault> PayloadCheck::end_chunk() {
    if (!promise_.form.has_signatures) return std::nullopt;
    if (signatures_equal(signatures_.finish_chunk(), chunk_signature_)) return std::nullopt;
    return fault(Kind::wrong_signature, "the signature of a chunk is wrong");
}

std::optional<PayloadFault> PayloadCheck::take_trailer(const AwsChunkedStep& step) {
    if (step.kind == AwsChunkedStep::Kind::trailer_signature) {
        if (signatures_equal(signatures_.trailer(trailer_fields_), step.signature)) return std::nullopt;
        return fault(Kind::wrong_signature, "the signature of the trailer is wrong");
    }
    if (step.name != *chunked_.trailer || has_trailer_)
        return fault(Kind::malformed, "a trailer field that x-amz-trailer does not announce");
    has_trailer_ = true;
    trailer_fields_.append(step.name).append(":").append(step.value).append("\n");
    if (checksum_->finish() != step.value)
        return fault(Kind::wrong_checksum,
                     "the body does not have the " + *chunked_.trailer + " of its trailer");
    trailer_value_ = step.value;
    return std::nullopt;
}

}  // namespace sallyport::s3
