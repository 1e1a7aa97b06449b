#pragma once

#include "gateway/rules/client.h"
#include "gateway/rules/reason.h"
#include "gateway/rules/s3_operation.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

enum class Effect { allow, deny };

/// Allows or denies some clients some actions on what matches a pattern.
struct PolicyRule {
    std::vector<std::string> actions;  ///< S3 action names; `*` is every known action
    /// `bucket/key`, see pattern.h; `{bucket}` is any one bucket.
    std::string on;
    ClientKind who = ClientKind::devices;
    Effect effect = Effect::allow;
    std::vector<std::string> devices = {};    ///< ids, `*` any bytes; empty = all
    std::vector<std::string> listeners = {};  ///< names; empty = all
    std::string prefix = {};       ///< what the parameter `prefix` of a list must match; empty = anything
    bool when_absent = false;      ///< PutObject only: it may make an object, not replace one
    std::uint64_t body_bytes = 0;  ///< the longest body; 0 = no other limit than the listener's
};

/// What clients may do. A request needs one rule that allows it and none that denies it.
struct Policy {
    std::vector<PolicyRule> rules;
};

/// Reading, writing and asking about objects below the device's own prefix of each bucket.
Policy default_policy();

/// Why a rule is no rule; nothing when it is one. A pattern must begin with a bucket, and `*` must not
/// stand in for it, since it would reach into keys. `{device}` needs a device.
std::optional<std::string> fault_of(const PolicyRule& rule);
/// The same of its devices alone.
std::optional<std::string> fault_of_devices(const PolicyRule& rule);

/// Is this rule, whatever its effect, about what this client wants to do?
bool applies(const PolicyRule& rule, const Client& client, const S3Operation& operation);

/// Decides about one operation of a client. Refusals: `wrong_prefix` when some rule for it allows the action
/// elsewhere, `action_denied` when none does or one denies it.
std::optional<Denial> authorize(const Policy& policy, const Client& client, const S3Operation& operation);

}  // namespace sallyport::gateway
