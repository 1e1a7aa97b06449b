#pragma once

#include "gateway/rules/reason.h"
#include "gateway/rules/s3_operation.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// Allows some clients some actions on what matches a pattern.
struct PolicyRule {
    std::vector<std::string> actions;  ///< S3 action names; `*` is every known action
    /// `bucket/key`; `{device}` is the device's id, `{bucket}` any one bucket, `*` any bytes, `/` included.
    std::string on;
    enum class Who {
        device,       ///< clients with a device certificate (listeners of mode high)
        credentials,  ///< clients of which nothing is known but API credentials, which the store checks
    } who = Who::device;
};

/// What clients may do. A request needs one rule that allows it; without any it is refused.
struct Policy {
    std::vector<PolicyRule> rules;
};

/// Reading, writing and asking about objects below the device's own prefix of each bucket.
Policy default_policy();

/// Why a rule is no rule; nothing when it is one. A pattern must begin with a bucket, and `*` must not
/// stand in for it, since it would reach into keys. `{device}` needs a device.
std::optional<std::string> fault_of(const PolicyRule& rule);

/// Decides about one operation of a device, or, without one, of a client that is not known. Refusals:
/// `wrong_prefix` when some rule allows the action elsewhere, `action_denied` when none does.
std::optional<Denial> authorize(const Policy& policy, std::optional<std::string_view> device,
                                const S3Operation& operation);

}  // namespace sallyport::gateway
