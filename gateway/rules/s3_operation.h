#pragma once

#include "gateway/rules/reason.h"
#include "gateway/rules/request_head.h"
#include "gateway/rules/s3_api.h"
#include "s3/address.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// What a request would do to the store.
struct S3Operation {
    /// The name of its operation in the S3 API, or IAM's when `versionId` names a version
    /// (`GetObjectVersion`); from a fixed list, so that it can be a metric label; `unknown_action` if none
    /// fits.
    std::string_view action;
    s3::ObjectAddress address;
    /// What else must be allowed on that address: what its header fields ask for (an ACL, tags, a retention),
    /// for a version the operation without one, and what stores make of it that do not know it.
    std::vector<std::string_view> further_actions = {};
    std::optional<s3::ObjectAddress> copy_source = {};  ///< the object that it reads, for copies only
    std::optional<std::string> prefix = {};             ///< decoded, for lists only
    bool encodes_keys = false;                          ///< the answer's keys, for lists: encoding-type
    /// Why some stores would take another key of the same bucket; empty when all take this one. Only who may
    /// do the same to every key of the bucket may do it.
    std::string ambiguity = {};
    std::string source_ambiguity = {};  ///< the same of `copy_source`
};

inline constexpr std::string_view delete_objects = "DeleteObjects";
inline constexpr std::string_view rename_object = "RenameObject";

/// Names the operation of a request. Refused with `ambiguous_path`: a path, Host, query or copy source that
/// stores and proxies read differently, but see `S3Operation::ambiguity`. What is well-formed but not in the
/// S3 API (an unknown sub-resource, two operations at once, a parameter of another operation) is `Unknown`.
/// Names of `virtual_hosts` are those below which Host names a bucket; without any, all is path style.
/// Source: see s3_api.h.
Result<S3Operation> classify(const RequestHead& head, const HostNames& virtual_hosts = {});

/// Does this action list what begins with its parameter `prefix`?
bool has_prefix(std::string_view action) noexcept;

/// Does it touch objects that its path does not name, in a way that no rule for one prefix can judge? They
/// are in the body of DeleteObjects. The source of RenameObject is `key` to some and `bucket/key` to others.
bool needs_whole_bucket(std::string_view action) noexcept;

/// Do all stores read this decoded key, or beginning of one, in the same way (see `s3::split_path_style`)?
bool is_plain_key(std::string_view key);

}  // namespace sallyport::gateway
