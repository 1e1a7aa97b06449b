#pragma once

#include "gateway/rules/reason.h"
#include "gateway/rules/request_head.h"
#include "s3/address.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// What a request would do to the store, under the name of its operation in the S3 API.
struct S3Operation {
    std::string_view
        action;  ///< from a fixed list, so that it can be a metric label; `unknown_action` if none fits
    s3::ObjectAddress address;
    /// What its header fields ask for beyond that (an ACL, tags, a retention): each must be allowed, too.
    std::vector<std::string_view> further_actions = {};
};

inline constexpr std::string_view unknown_action = "Unknown";

/// Names the operation of a request in path style. Refused with `ambiguous_path`: a path or query that stores
/// and proxies read differently. What is well-formed but not in the S3 API (an unknown sub-resource, two
/// operations at once) is `Unknown`. Source: S3 API Reference, "Actions".
Result<S3Operation> classify(const RequestHead& head);

/// Is this one of the action names that a policy may use?
bool is_action(std::string_view name) noexcept;

}  // namespace sallyport::gateway
