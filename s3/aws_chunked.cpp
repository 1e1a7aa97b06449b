#include "s3/aws_chunked.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sallyport::s3 {
namespace {

using Kind = AwsChunkedStep::Kind;

constexpr std::size_t max_line_bytes = 1024;
constexpr unsigned max_fields = 8;
constexpr std::size_t signature_digits = 64;
constexpr std::string_view signature_extension = ";chunk-signature=";
constexpr std::string_view trailer_signature_name = "x-amz-trailer-signature";
constexpr std::string_view line_end = "\r\n";

AwsChunkedStep malformed(std::string_view detail) {
    return {.kind = Kind::malformed, .detail = detail};
}

/// A line without its end; `whole` is false when more must come.
struct Line {
    bool whole = false;
    bool sound = true;
    std::string_view text;
    std::size_t consumed = 0;
};

Line line_of(std::string_view input) {
    const auto feed = input.substr(0, max_line_bytes).find('\n');
    if (feed == input.npos) return {false, input.size() < max_line_bytes, {}, 0};
    const std::string_view text = input.substr(0, feed);
    if (!text.ends_with('\r') || text.find('\r') != text.size() - 1) return {true, false, {}, 0};
    return {true, true, text.substr(0, text.size() - 1), feed + 1};
}

/// The same, or with LF CR LF at its end, as minio-go ends the fields of a trailer.
Line trailer_line_of(std::string_view input) {
    constexpr std::string_view odd_end = "\n\r\n";
    const auto feed = input.substr(0, max_line_bytes).find('\n');
    if (feed == input.npos || feed == 0 || input[feed - 1] == '\r') return line_of(input);
    const std::string_view end = input.substr(feed, odd_end.size());
    if (!odd_end.starts_with(end)) return {true, false, {}, 0};
    if (end.size() < odd_end.size()) return {};
    return {true, true, input.substr(0, feed), feed + odd_end.size()};
}

bool is_signature(std::string_view text) {
    return text.size() == signature_digits &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<std::uint64_t> size_of(std::string_view digits) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    const bool canonical = digits.size() == 1 || !digits.starts_with('0');
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || !canonical)
        return std::nullopt;
    return size;
}

bool is_field_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool is_field_value(std::string_view value) {
    return !value.empty() && std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

AwsChunkedStep AwsChunkedDecoder::step(std::string_view input) {
    switch (expected_) {
        case Expected::chunk:
            return read_chunk_line(input);
        case Expected::data:
            return read_data(input);
        case Expected::end_of_data:
            return read_end_of_data(input);
        case Expected::trailer:
            return read_trailer_line(input);
        case Expected::nothing:
            break;
    }
    return malformed("the body has ended");
}

AwsChunkedStep AwsChunkedDecoder::read_chunk_line(std::string_view input) {
    const Line line = line_of(input);
    if (!line.sound) return malformed("a chunk line that is too long or does not end with CR LF");
    if (!line.whole) return {};
    const auto semicolon = std::min(line.text.find(';'), line.text.size());
    const auto size = size_of(line.text.substr(0, semicolon));
    if (!size) return malformed("a chunk size that is no plain hexadecimal number");
    std::string_view extension = line.text.substr(semicolon);
    if (form_.has_signatures) {
        if (!extension.starts_with(signature_extension)) return malformed("a chunk without its signature");
        extension.remove_prefix(signature_extension.size());
        if (!is_signature(extension)) return malformed("a chunk signature that is none");
    } else if (!extension.empty()) {
        return malformed("a chunk extension where there are no signatures");
    }
    left_ = *size;
    if (left_ > 0) {
        expected_ = Expected::data;
    } else {
        expected_ = Expected::trailer;
    }
    return {.kind = Kind::chunk, .bytes = line.consumed, .size = *size, .signature = extension};
}

AwsChunkedStep AwsChunkedDecoder::read_data(std::string_view input) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    const std::string_view data = input.substr(0, count);
    if (data.empty()) return {};
    left_ -= data.size();
    if (left_ == 0) expected_ = Expected::end_of_data;
    return {.kind = Kind::data, .bytes = data.size(), .data = data};
}

AwsChunkedStep AwsChunkedDecoder::read_end_of_data(std::string_view input) {
    if (!line_end.starts_with(input.substr(0, line_end.size())))
        return malformed("a chunk that does not end where its size says");
    if (input.size() < line_end.size()) return {};
    expected_ = Expected::chunk;
    AwsChunkedStep next = read_chunk_line(input.substr(line_end.size()));
    if (next.kind == Kind::need_more) {  // the line end is given again with the next line
        expected_ = Expected::end_of_data;
        return {};
    }
    next.bytes += line_end.size();
    return next;
}

AwsChunkedStep AwsChunkedDecoder::read_trailer_line(std::string_view input) {
    const Line line = trailer_line_of(input);
    if (!line.sound) return malformed("a trailer line that is too long or does not end with CR LF");
    if (!line.whole) return {};
    if (line.text.empty()) {
        if (form_.has_trailer && fields_ == 0) return malformed("a trailer without a field");
        if (form_.has_trailer && form_.has_signatures && !signed_trailer_)
            return malformed("a trailer without its signature");
        expected_ = Expected::nothing;
        return {.kind = Kind::finished, .bytes = line.consumed};
    }
    if (!form_.has_trailer) return malformed("a trailer that was not announced");
    return read_field(line.text, line.consumed);
}

AwsChunkedStep AwsChunkedDecoder::read_field(std::string_view line, std::size_t consumed) {
    const auto colon = line.find(':');
    if (colon == line.npos) return malformed("a trailer line without a colon");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    if (!is_field_name(name) || !is_field_value(value)) return malformed("a malformed trailer field");
    if (signed_trailer_) return malformed("a trailer field behind the signature");
    if (name == trailer_signature_name) {
        if (!form_.has_signatures || !is_signature(value))
            return malformed("a trailer signature that is none");
        signed_trailer_ = true;
        return {.kind = Kind::trailer_signature, .bytes = consumed, .signature = value};
    }
    if (++fields_ > max_fields) return malformed("too many trailer fields");
    return {.kind = Kind::trailer, .bytes = consumed, .name = name, .value = value};
}

}  // namespace sallyport::s3
