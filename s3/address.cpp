#include "s3/address.h"

#include "s3/uri.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_key_bytes = 1024;

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
    return result;
}

/// Length of the UTF-8 sequence at the start of `text`, 0 when there is none (RFC 3629: shortest form only,
/// no surrogates, nothing above U+10FFFF).
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!continues(1) || !continues(2)) return 0;
        if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!continues(1) || !continues(2) || !continues(3)) return 0;
        if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
        return 4;
    }
    return 0;
}

/// The decoded text of one segment, or why readers could disagree about it.
Result<std::string> unambiguous_segment(std::string_view raw) {
    auto segment = percent_decode(raw);
    if (!segment) return segment.error();
    if (*segment == "." || *segment == "..") return Error{Fault::ambiguous, "the path has a dot segment"};
    for (std::size_t i = 0; i < segment->size();) {
        const std::string_view rest = std::string_view{*segment}.substr(i);
        const auto byte = static_cast<unsigned char>(rest[0]);
        if (byte == '/') return Error{Fault::ambiguous, "the path has an encoded slash"};
        if (byte == '\\') return Error{Fault::ambiguous, "the path has a backslash"};
        if (byte < 0x20 || byte == 0x7F) return Error{Fault::ambiguous, "the path has a control byte"};
        if (byte == '%' && rest.size() > 2 && is_hex_digit(rest[1]) && is_hex_digit(rest[2])) {
            return Error{Fault::ambiguous, "the path is encoded twice"};
        }
        const std::size_t length = utf8_sequence(rest);
        if (length == 0) return Error{Fault::ambiguous, "the path is not UTF-8"};
        i += length;
    }
    return segment;
}

/// The key of `raw`, which follows the slash that ends the bucket or begins the path.
Result<std::string> decode_key(std::string_view raw) {
    std::string key;
    while (!raw.empty()) {
        const std::size_t end = std::min(raw.find('/'), raw.size());
        if (end == 0) return Error{Fault::ambiguous, "the path has an empty segment"};
        const auto segment = unambiguous_segment(raw.substr(0, end));
        if (!segment) return segment.error();
        key += *segment;
        if (end < raw.size()) key += '/';
        raw.remove_prefix(std::min(end + 1, raw.size()));
        if (key.size() > max_key_bytes) return Error{Fault::too_large, "the key is over 1024 bytes"};
    }
    return key;
}

}  // namespace

bool is_bucket_name(std::string_view name) {
    if (name.size() < 3 || name.size() > 63) return false;
    if (!is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) return false;
    if (name.find("..") != std::string_view::npos) return false;
    const bool letters = std::all_of(name.begin(), name.end(),
                                     [](char c) { return is_lower_or_digit(c) || c == '.' || c == '-'; });
    const bool address_like = name.find_first_not_of("0123456789.") == std::string_view::npos &&
                              std::count(name.begin(), name.end(), '.') == 3;
    return letters && !address_like;
}

Result<ObjectAddress> split_path_style(std::string_view raw_path) {
    if (!raw_path.starts_with('/')) return Error{Fault::malformed, "the path does not begin with '/'"};
    raw_path.remove_prefix(1);
    if (raw_path.empty()) return ObjectAddress{};
    const std::size_t end = std::min(raw_path.find('/'), raw_path.size());
    const std::string_view bucket = raw_path.substr(0, end);
    // Not decoded: no character of a bucket name needs an escape, so an escape here hides something.
    if (!is_bucket_name(bucket)) return Error{Fault::malformed, "the path has no valid bucket name"};
    raw_path.remove_prefix(std::min(end + 1, raw_path.size()));
    auto key = decode_key(raw_path);
    if (!key) return key.error();
    return ObjectAddress{std::string{bucket}, std::move(*key)};
}

Result<ObjectAddress> split_virtual_hosted(std::string_view host, std::string_view domain,
                                           std::string_view raw_path) {
    const std::size_t colon = std::min(host.find(':'), host.size());
    const std::string_view port = host.substr(std::min(colon + 1, host.size()));
    if ((colon < host.size() && (port.empty() || port.size() > 5)) ||
        port.find_first_not_of("0123456789") != std::string_view::npos) {
        return Error{Fault::malformed, "the Host header has no valid port"};
    }
    const std::string name = lower(host.substr(0, colon));
    const std::string suffix = '.' + lower(domain);
    if (suffix.compare(1, std::string::npos, name) == 0) return split_path_style(raw_path);
    if (name.size() <= suffix.size() || !std::string_view{name}.ends_with(suffix)) {
        return Error{Fault::malformed, "the Host header names no bucket of this domain"};
    }
    const std::string bucket = name.substr(0, name.size() - suffix.size());
    if (!is_bucket_name(bucket)) return Error{Fault::malformed, "the Host header has no valid bucket name"};
    if (!raw_path.starts_with('/')) return Error{Fault::malformed, "the path does not begin with '/'"};
    auto key = decode_key(raw_path.substr(1));
    if (!key) return key.error();
    return ObjectAddress{bucket, std::move(*key)};
}

std::string request_path(const ObjectAddress& address, RequestStyle style) {
    std::string path = "/";
    if (style == RequestStyle::path && !address.bucket.empty()) {
        path += address.bucket;
        if (!address.key.empty()) path += '/';
    }
    return path + uri_encode(address.key, Slash::keep);
}

}  // namespace sallyport::s3
