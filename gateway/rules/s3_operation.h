#pragma once

#include "gateway/rules/reason.h"
#include "gateway/rules/request_head.h"
#include "s3/address.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// What a request would do to the store, under the name of its operation in the S3 API.
struct S3Operation {
    std::string_view
        action;  ///< from a fixed list, so that it can be a metric label; `unknown_action` if none fits
    s3::ObjectAddress address;
    /// What its header fields ask for beyond that (an ACL, tags, a retention): each must be allowed, too.
    std::vector<std::string_view> further_actions = {};
    std::optional<s3::ObjectAddress> copy_source = {};  ///< the object that it reads, for copies only
    std::optional<std::string> prefix = {};             ///< decoded, for lists only
    /// Why some stores would take another key of the same bucket; empty when all take this one. Only who may
    /// do the same to every key of the bucket may do it.
    std::string ambiguity = {};
    std::string source_ambiguity = {};  ///< the same of `copy_source`
};

inline constexpr std::string_view unknown_action = "Unknown";
inline constexpr std::string_view delete_objects = "DeleteObjects";

/// Names the operation of a request in path style. Refused with `ambiguous_path`: a path, query or copy
/// source that stores and proxies read differently, but see `S3Operation::ambiguity`. What is well-formed but
/// not in the S3 API (an unknown sub-resource, two operations at once) is `Unknown`. Source: S3 API
/// Reference, "Actions".
Result<S3Operation> classify(const RequestHead& head);

/// Does this action list what begins with its parameter `prefix`?
bool has_prefix(std::string_view action) noexcept;

/// Do all stores read this decoded key, or beginning of one, in the same way (see `s3::split_path_style`)?
bool is_plain_key(std::string_view key);

/// Is this one of the action names that a policy may use?
bool is_action(std::string_view name) noexcept;

}  // namespace sallyport::gateway
