#pragma once

#include "gateway/rules/reason.h"
#include "gateway/rules/request_head.h"
#include "s3/address.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// A request target in its two parts, as received.
struct SplitTarget {
    std::string_view path;
    std::string_view query;  ///< without `?`
};
SplitTarget split_target(std::string_view target) noexcept;

/// The bucket and the key that a path means, and the Host field when it names a bucket: `bucket.NAME` for one
/// of `virtual_hosts` (S3 User Guide, "Virtual hosting of general purpose buckets"). Refused with
/// `ambiguous_path`: what stores and proxies read differently (see `s3::read_path_style`, whose doubts are
/// passed on), path parameters, and below a virtual host what is no single label in lower case that is a
/// bucket's name, or names its bucket in the path once more.
Result<s3::PathReading> judge_address(std::string_view path, std::string_view host,
                                      const HostNames& virtual_hosts);

/// `bucket/key` or `/bucket/key`, percent-encoded (S3 API, "CopyObject"), in the only field of that name.
/// Stores differ in whether they cut off a version, a fragment or path parameters before they decode or
/// after, and whether `+` is a space: such sources are refused with `ambiguous_path`.
Result<s3::PathReading> judge_copy_source(const RequestHead& head, std::string_view field);

/// Why these are no names for `store.virtual_hosts`; nothing when they are. They are in lower case.
std::optional<std::string> fault_of_virtual_hosts(const HostNames& names);

}  // namespace sallyport::gateway
