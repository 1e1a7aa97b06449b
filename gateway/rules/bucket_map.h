#pragma once

#include "s3/address.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// What clients call `from` is what stands in the store's `bucket` below `prefix`.
struct BucketMapping {
    std::string from;
    std::string bucket;
    std::string prefix = {};  ///< empty: all of it; else it ends with '/'

    bool operator==(const BucketMapping&) const = default;
};

/// The buckets as clients and as the store call them. Without mappings each has its own name; with some,
/// there are no others. No two addresses of clients are one of the store's.
class BucketMap {
  public:
    BucketMap() = default;
    /// See `fault_of` for what mappings may be.
    explicit BucketMap(std::vector<BucketMapping> mappings) : mappings_(std::move(mappings)) {}

    bool empty() const noexcept { return mappings_.empty(); }
    /// Null: the bucket is not mapped.
    const BucketMapping* find(std::string_view bucket) const noexcept;

    bool operator==(const BucketMap&) const = default;

  private:
    std::vector<BucketMapping> mappings_;
};

/// Why these are no mappings; nothing when they are: bucket names, each `from` once, prefixes of plain
/// characters that no key is read in two ways for, and no place in the store that is reached by two.
std::optional<std::string> fault_of(const std::vector<BucketMapping>& mappings);

/// "bucket" or "bucket/prefix/"; nothing when it is neither.
std::optional<BucketMapping> parse_mapping(std::string_view from, std::string_view to);

/// A key of the store as clients call it; nothing when it is not below the prefix. With `is_encoded` it is
/// percent-encoded, as lists have it that were asked for with `encoding-type=url`.
std::optional<std::string_view> without_prefix(std::string_view key, std::string_view prefix,
                                               bool is_encoded);

/// The place in a list at which it goes on is opaque, but to some stores it is a key. For the client it comes
/// without the prefix, and marked; the inverse gives nothing for what was not made so.
std::string token_for_client(std::string_view token, std::string_view prefix);
std::optional<std::string> token_for_store(std::string_view token, std::string_view prefix);

}  // namespace sallyport::gateway
