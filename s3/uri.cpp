#include "s3/uri.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_query_parameters = 1000;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string uri_encode(std::string_view text, Slash slash) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved || (c == '/' && slash == Slash::keep)) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += '%';
            encoded += digits[byte >> 4U];
            encoded += digits[byte & 15U];
        }
    }
    return encoded;
}

Result<std::string> percent_decode(std::string_view encoded) {
    std::string text;
    text.reserve(encoded.size());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const char c = encoded[i];
        if (c < '!' || c > '~') {
            return Error{Fault::malformed, "a byte that must be percent-encoded stands there as it is"};
        }
        if (c != '%') {
            text += c;
            continue;
        }
        const int high = i + 1 < encoded.size() ? hex_value(encoded[i + 1]) : -1;
        const int low = i + 2 < encoded.size() ? hex_value(encoded[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return Error{Fault::malformed, "'%' is not followed by two hexadecimal digits"};
        }
        text += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
        i += 2;
    }
    return text;
}

Result<std::vector<QueryParameter>> parse_query(std::string_view raw) {
    std::vector<QueryParameter> parameters;
    if (raw.empty()) return parameters;
    for (bool more = true; more;) {
        const std::size_t end = raw.find('&');
        more = end != std::string_view::npos;
        const std::string_view pair = raw.substr(0, end);
        if (more) raw.remove_prefix(end + 1);

        const std::size_t equals = pair.find('=');
        if (pair.empty() || equals == 0) {
            return Error{Fault::ambiguous, "the query has a parameter without a name"};
        }
        if (pair.find('+') != std::string_view::npos) {
            return Error{Fault::ambiguous, "the query has a raw '+'; write %20 for a space, %2B for a plus"};
        }
        if (parameters.size() == max_query_parameters) {
            return Error{Fault::too_large, "the query has more than 1000 parameters"};
        }
        auto name = percent_decode(pair.substr(0, equals));
        if (!name) return name.error();
        auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
        if (!value) return value.error();
        parameters.push_back({std::move(*name), std::move(*value)});
    }
    return parameters;
}

std::string canonical_query(const std::vector<QueryParameter>& parameters) {
    std::vector<QueryParameter> encoded;
    encoded.reserve(parameters.size());
    for (const auto& [name, value] : parameters) {
        encoded.push_back({uri_encode(name, Slash::encode), uri_encode(value, Slash::encode)});
    }
    // The order is that of the encoded bytes; decoded, '-' and 'é' would sort differently.
    std::sort(encoded.begin(), encoded.end());
    std::string query;
    for (const auto& [name, value] : encoded) {
        if (!query.empty()) query += '&';
        query += name + '=' + value;
    }
    return query;
}

Result<std::string> canonical_query(std::string_view raw) {
    const auto parameters = parse_query(raw);
    if (!parameters) return parameters.error();
    return canonical_query(*parameters);
}

Result<std::string> canonical_uri(std::string_view raw_path) {
    if (!raw_path.starts_with('/')) return Error{Fault::malformed, "the path does not begin with '/'"};
    std::string canonical;
    while (!raw_path.empty()) {
        raw_path.remove_prefix(1);
        const std::size_t end = std::min(raw_path.find('/'), raw_path.size());
        const auto segment = percent_decode(raw_path.substr(0, end));
        if (!segment) return segment.error();
        canonical += '/';
        canonical += uri_encode(*segment, Slash::encode);
        raw_path.remove_prefix(end);
    }
    return canonical;
}

}  // namespace sallyport::s3
