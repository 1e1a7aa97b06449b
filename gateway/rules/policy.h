#pragma once

#include "gateway/rules/client.h"
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
    ClientKind who = ClientKind::devices;
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

/// Decides about one operation of a client. Refusals: `wrong_prefix` when some rule for its kind allows the
/// action elsewhere, `action_denied` when none does.
std::optional<Denial> authorize(const Policy& policy, const Client& client, const S3Operation& operation);

}  // namespace sallyport::gateway
