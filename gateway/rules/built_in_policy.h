#pragma once

#include "gateway/rules/policy.h"

#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// Policies that have a name, so that nobody has to write their rules.
enum class BuiltIn {
    canedge_device,  ///< what the firmware does, and no more
    prefix_owner,    ///< everything with objects below the device's prefix, and lists of them
    unrestricted,    ///< everything in a bucket
};

/// The rules of a policy on a bucket: its name, or a pattern of names such as `{bucket}`.
std::vector<PolicyRule> rules_of(BuiltIn policy, std::string_view bucket, ClientKind who);

/// Why this policy is not for such clients; nothing when it is.
std::optional<std::string> fault_of(BuiltIn policy, ClientKind who);

}  // namespace sallyport::gateway
