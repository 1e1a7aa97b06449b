#include "gateway/rules/device_concerned.h"

#include "gateway/rules/pattern.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

std::string_view concerned_by(const PolicyRule& rule, const S3Operation& operation) {
    const std::string_view by_address = in_place_of_device(rule.on, operation.address);
    const bool lists = operation.prefix && matches_bucket(rule.on, {}, operation.address.bucket);
    return by_address.empty() && lists ? in_place_of_device(rule.prefix, *operation.prefix) : by_address;
}

}  // namespace

std::vector<std::string_view> devices_concerned(const Policy& policy, const Identification& identification,
                                                const S3Operation& operation) {
    std::vector<std::string_view> devices;
    for (const PolicyRule& rule : policy.rules) {
        if (rule.who != ClientKind::devices) continue;
        const std::string_view device = concerned_by(rule, operation);
        if (std::ranges::find(devices, device) == devices.end() && identification.is_id(device))
            devices.push_back(device);
    }
    return devices;
}

std::optional<std::string> fault_for_ramp(const PolicyRule& rule) {
    std::string_view pattern = rule.on;
    const auto at = pattern.find(device_variable);
    if (rule.who != ClientKind::devices || rule.effect == Effect::deny || at == pattern.npos)
        return std::nullopt;
    const std::string_view behind = pattern.substr(at + device_variable.size());
    // A variable in a bucket's name before does no harm: the bucket ends with its slash.
    std::string_view before = pattern.substr(0, at);
    if (const auto slash = before.find('/'); slash != before.npos) before.remove_prefix(slash);
    const auto is_clear = [](std::string_view text) { return text.find_first_of("*{") == text.npos; };
    if (is_clear(before) && (behind.empty() || is_clear(behind.substr(0, 1)))) return std::nullopt;
    return "'" + rule.on + "' does not show where a device's id begins and ends";
}

}  // namespace sallyport::gateway
