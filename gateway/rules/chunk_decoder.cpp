#include "gateway/rules/chunk_decoder.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sallyport::gateway {
namespace {

using Status = DecodedChunk::Status;

constexpr std::size_t max_line_bytes = 256;
constexpr std::size_t max_size_digits = 16;
/// Nobody needs them, and each byte of a body could bring some along.
constexpr std::size_t max_extension_bytes = 16 * 1024;
constexpr std::string_view line_end = "\r\n";

DecodedChunk malformed(std::string_view detail) {
    return {.status = Status::malformed, .detail = detail};
}

/// Takes what of `text` is before the first byte that is not `is`.
template <class Is>
std::string_view take(std::string_view& text, Is is) {
    const auto end = std::ranges::find_if_not(text, is);
    const auto taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(taken.size());
    return taken;
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Of a token (RFC 9110 5.6.2).
bool is_token_byte(char c) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != marks.npos;
}

void pass_over_white_space(std::string_view& text) {
    take(text, [](char c) { return c == ' ' || c == '\t'; });
}

/// A quoted-string (RFC 9110 5.6.4) without 8-bit bytes.
bool take_quoted(std::string_view& text) {
    text.remove_prefix(1);
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == '"') return true;
        if (c == '\\' && !text.empty()) text.remove_prefix(1);
    }
    return false;
}

/// *( BWS ";" BWS name [ BWS "=" BWS value ] ), of visible ASCII and white space.
bool are_extensions(std::string_view text) {
    if (!std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); })) return false;
    while (!text.empty()) {
        pass_over_white_space(text);
        if (!text.starts_with(';')) return false;
        text.remove_prefix(1);
        pass_over_white_space(text);
        if (take(text, is_token_byte).empty()) return false;
        const std::string_view behind_name = text;
        pass_over_white_space(text);
        if (!text.starts_with('=')) {
            text = behind_name;
            continue;
        }
        text.remove_prefix(1);
        pass_over_white_space(text);
        if (!(text.starts_with('"') ? take_quoted(text) : !take(text, is_token_byte).empty())) return false;
    }
    return true;
}

/// Nothing when it does not fit 63 bits.
std::optional<std::uint64_t> size_of(std::string_view digits) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc{} || digits.size() > max_size_digits || size >> 63U != 0) return std::nullopt;
    return size;
}

}  // namespace

DecodedChunk ChunkDecoder::step(std::string_view input) {
    switch (expected_) {
        case Expected::size:
            return read_size(input);
        case Expected::data:
            return read_data(input);
        case Expected::end_of_data:
        case Expected::end_of_body:
            break;
    }
    return read_line_end(input);
}

DecodedChunk ChunkDecoder::read_size(std::string_view input) {
    const auto feed = input.substr(0, max_line_bytes).find('\n');
    std::string_view line = input.substr(0, std::min(feed, max_line_bytes));
    const bool whole = feed != input.npos;
    if (whole && !line.ends_with('\r')) return malformed("a line that does not end with CR LF");
    if (whole) line.remove_suffix(1);
    std::string_view rest = line;
    const std::string_view digits = take(rest, is_hex_digit);
    // Not to wait for the end of what cannot become a size.
    if (digits.empty() && (whole || !rest.empty())) return malformed("a chunk without a size");
    if (!digits.empty() && !size_of(digits)) return malformed("a chunk size out of bounds");
    if (!whole && line.size() == max_line_bytes) return malformed("a chunk size without end");
    if (!whole) return {};
    if (!are_extensions(rest)) return malformed("a chunk size that is no number");
    extension_bytes_ += rest.size();
    if (extension_bytes_ > max_extension_bytes) return malformed("too many chunk extensions");
    left_ = *size_of(digits);
    expected_ = left_ == 0 ? Expected::end_of_body : Expected::data;
    return {.status = Status::step, .bytes = feed + 1, .announced = left_};
}

DecodedChunk ChunkDecoder::read_data(std::string_view input) {
    const std::string_view body = input.substr(0, std::min<std::uint64_t>(left_, input.size()));
    if (body.empty()) return {};
    left_ -= body.size();
    if (left_ == 0) expected_ = Expected::end_of_data;
    return {.status = Status::step, .bytes = body.size(), .body = body};
}

DecodedChunk ChunkDecoder::read_line_end(std::string_view input) {
    const bool ends_body = expected_ == Expected::end_of_body;
    const std::string_view ending = input.substr(0, line_end.size());
    if (!line_end.starts_with(ending))
        return malformed(ends_body ? "a trailer field" : "a chunk that does not end where its size says");
    if (ending.size() < line_end.size()) return {};
    expected_ = Expected::size;
    return {.status = ends_body ? Status::finished : Status::step, .bytes = line_end.size()};
}

}  // namespace sallyport::gateway
