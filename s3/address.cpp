#include "s3/address.h"

#include "s3/uri.h"

#include <algorithm>
#include <cstddef>
#include <optional>
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

constexpr std::string_view encoded_twice = "the path is encoded twice";
constexpr std::string_view empty_segment = "the path has an empty segment";

bool has_escape(std::string_view text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        if (text[i] == '%' && is_hex_digit(text[i + 1]) && is_hex_digit(text[i + 2])) return true;
    }
    return false;
}

/// Why readers could see more in a decoded segment than a part of a key; nothing when they cannot.
std::optional<Error> fault_of_segment(std::string_view segment) {
    // With an encoded `;` too: a proxy that decodes it shows the next server path parameters (RFC 3986 3.3).
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return Error{Fault::ambiguous, "the path has a dot segment"};
    while (!segment.empty()) {
        const auto byte = static_cast<unsigned char>(segment[0]);
        if (byte == '/') return Error{Fault::ambiguous, "the path has an encoded slash"};
        if (byte == '\\') return Error{Fault::ambiguous, "the path has a backslash"};
        if (byte < 0x20 || byte == 0x7F) return Error{Fault::ambiguous, "the path has a control byte"};
        const std::size_t length = utf8_sequence(segment);
        if (length == 0) return Error{Fault::ambiguous, "the path is not UTF-8"};
        segment.remove_prefix(length);
    }
    return std::nullopt;
}

/// Whoever decodes this segment again, and as often as that changes it, still sees one segment of a path.
bool stays_segment(std::string text) {
    constexpr int max_decodings = 4;  // each may take away two bytes only
    for (int decodings = 0; has_escape(text); ++decodings) {
        if (decodings == max_decodings) return false;
        std::string decoded;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool escape = has_escape(std::string_view{text}.substr(i, 3));
            decoded +=
                escape ? percent_decode(std::string_view{text}.substr(i, 3)).value() : text.substr(i, 1);
            if (escape) i += 2;
        }
        text = std::move(decoded);
        if (fault_of_segment(text) || text.find_first_of("?#;") != std::string::npos) return false;
    }
    return true;
}

/// The key of `raw`, which follows the slash that ends the bucket or begins the path.
Result<PathReading> read_key(std::string_view raw) {
    PathReading reading;
    std::string& key = reading.address.key;
    bool has_segment = raw.empty();
    while (!raw.empty()) {
        const std::size_t end = std::min(raw.find('/'), raw.size());
        const auto segment = percent_decode(raw.substr(0, end));
        if (!segment) return segment.error();
        if (const auto fault = fault_of_segment(*segment)) return *fault;
        if (segment->empty()) {
            reading.ambiguity = empty_segment;
        } else if (has_escape(*segment)) {
            if (!stays_segment(*segment)) return Error{Fault::ambiguous, std::string{encoded_twice}};
            reading.ambiguity = encoded_twice;
        }
        has_segment = has_segment || !segment->empty();
        key += *segment;
        if (end < raw.size()) key += '/';
        raw.remove_prefix(std::min(end + 1, raw.size()));
        if (key.size() > max_key_bytes) return Error{Fault::too_large, "the key is over 1024 bytes"};
    }
    // To who merges slashes this is the bucket.
    if (!has_segment) return Error{Fault::ambiguous, std::string{empty_segment}};
    return reading;
}

/// Only what all readers read in the same way.
Result<ObjectAddress> only_reading(Result<PathReading> reading) {
    if (!reading) return reading.error();
    if (!reading->ambiguity.empty()) return Error{Fault::ambiguous, std::move(reading->ambiguity)};
    return std::move(reading->address);
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

Result<PathReading> read_path_style(std::string_view raw_path) {
    if (!raw_path.starts_with('/')) return Error{Fault::malformed, "the path does not begin with '/'"};
    raw_path.remove_prefix(1);
    if (raw_path.empty()) return PathReading{};
    const std::size_t end = std::min(raw_path.find('/'), raw_path.size());
    const std::string_view bucket = raw_path.substr(0, end);
    // Not decoded: no character of a bucket name needs an escape, so an escape here hides something.
    if (!is_bucket_name(bucket)) return Error{Fault::malformed, "the path has no valid bucket name"};
    raw_path.remove_prefix(std::min(end + 1, raw_path.size()));
    auto reading = read_key(raw_path);
    if (reading) reading->address.bucket = bucket;
    return reading;
}

Result<ObjectAddress> split_path_style(std::string_view raw_path) {
    return only_reading(read_path_style(raw_path));
}

Result<PathReading> read_virtual_hosted(std::string_view host, std::string_view domain,
                                        std::string_view raw_path) {
    const std::size_t colon = std::min(host.find(':'), host.size());
    const std::string_view port = host.substr(std::min(colon + 1, host.size()));
    if ((colon < host.size() && (port.empty() || port.size() > 5)) ||
        port.find_first_not_of("0123456789") != std::string_view::npos) {
        return Error{Fault::malformed, "the Host header has no valid port"};
    }
    const std::string name = lower(host.substr(0, colon));
    const std::string suffix = '.' + lower(domain);
    if (suffix.compare(1, std::string::npos, name) == 0) return read_path_style(raw_path);
    if (name.size() <= suffix.size() || !std::string_view{name}.ends_with(suffix)) {
        return Error{Fault::malformed, "the Host header names no bucket of this domain"};
    }
    const std::string bucket = name.substr(0, name.size() - suffix.size());
    if (!is_bucket_name(bucket)) return Error{Fault::malformed, "the Host header has no valid bucket name"};
    if (!raw_path.starts_with('/')) return Error{Fault::malformed, "the path does not begin with '/'"};
    auto reading = read_key(raw_path.substr(1));
    if (reading) reading->address.bucket = bucket;
    return reading;
}

Result<ObjectAddress> split_virtual_hosted(std::string_view host, std::string_view domain,
                                           std::string_view raw_path) {
    return only_reading(read_virtual_hosted(host, domain, raw_path));
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
