#pragma once

#include "gateway/rules/identity.h"
#include "gateway/rules/policy.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// The devices whose data an operation may be about, by the policy's rules for devices: whatever stands in
/// the place of `{device}` and could be an id. Mere claims; views into `operation`. Where rules differ there
/// are several.
std::vector<std::string_view> devices_concerned(const Policy& policy, const Identification& identification,
                                                const S3Operation& operation);

/// Why a rule for devices does not show where an id begins and ends; nothing when it does. A ramp needs that.
std::optional<std::string> fault_for_ramp(const PolicyRule& rule);

}  // namespace sallyport::gateway
