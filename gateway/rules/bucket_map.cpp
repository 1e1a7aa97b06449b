#include "gateway/rules/bucket_map.h"

#include "s3/uri.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_prefix_bytes = 512;
constexpr std::string_view opaque_mark = "t:";
constexpr std::string_view key_mark = "k:";

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/// Segments of plain characters, none empty or of dots, each ended by a slash.
bool is_prefix(std::string_view prefix) {
    if (prefix.size() > max_prefix_bytes) return false;
    while (!prefix.empty()) {
        const auto slash = prefix.find('/');
        const std::string_view segment = prefix.substr(0, slash);
        if (slash == prefix.npos || segment.empty() || segment == "." || segment == ".." ||
            !std::ranges::all_of(segment, is_plain))
            return false;
        prefix.remove_prefix(slash + 1);
    }
    return true;
}

bool overlap(const BucketMapping& one, const BucketMapping& other) {
    return one.bucket == other.bucket &&
           (one.prefix.starts_with(other.prefix) || other.prefix.starts_with(one.prefix));
}

}  // namespace

const BucketMapping* BucketMap::find(std::string_view bucket) const noexcept {
    const auto found = std::ranges::find(mappings_, bucket, &BucketMapping::from);
    return found == mappings_.end() ? nullptr : &*found;
}

std::optional<BucketMapping> parse_mapping(std::string_view from, std::string_view to) {
    const auto slash = std::min(to.find('/'), to.size());
    BucketMapping mapping{std::string(from), std::string(to.substr(0, slash)),
                          std::string(to.substr(std::min(slash + 1, to.size())))};
    if (!s3::is_bucket_name(mapping.from) || !s3::is_bucket_name(mapping.bucket) ||
        !is_prefix(mapping.prefix))
        return std::nullopt;
    return mapping;
}

std::optional<std::string> fault_of(const std::vector<BucketMapping>& mappings) {
    for (auto one = mappings.begin(); one != mappings.end(); ++one) {
        for (auto other = mappings.begin(); other != one; ++other) {
            if (one->from == other->from) return "bucket '" + one->from + "' is mapped twice";
            if (overlap(*one, *other)) {
                return "'" + one->from + "' and '" + other->from +
                       "' would have objects in common: one's place in the store lies within the other's";
            }
        }
    }
    return std::nullopt;
}

std::string token_for_client(std::string_view token, std::string_view prefix) {
    if (!token.starts_with(prefix)) return std::string(opaque_mark) + std::string(token);
    return std::string(key_mark) + std::string(token.substr(prefix.size()));
}

std::optional<std::string> token_for_store(std::string_view token, std::string_view prefix) {
    if (token.starts_with(opaque_mark)) return std::string(token.substr(opaque_mark.size()));
    if (token.starts_with(key_mark)) return std::string(prefix) + std::string(token.substr(key_mark.size()));
    return std::nullopt;
}

std::optional<std::string_view> without_prefix(std::string_view key, std::string_view prefix,
                                               bool is_encoded) {
    if (!is_encoded) {
        if (!key.starts_with(prefix)) return std::nullopt;
        return key.substr(prefix.size());
    }
    // Stores differ in what they encode, a slash for one.
    for (const char c : prefix) {
        const std::size_t bytes = key.starts_with('%') ? 3 : 1;
        const auto decoded = s3::percent_decode(key.substr(0, bytes));
        if (!decoded || *decoded != std::string_view(&c, 1)) return std::nullopt;
        key.remove_prefix(bytes);
    }
    return key;
}

}  // namespace sallyport::gateway
