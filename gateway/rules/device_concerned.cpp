#include "gateway/rules/device_concerned.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::string_view device_variable = "{device}";
constexpr std::string_view bucket_variable = "{bucket}";

/// What stands in `text` where `pattern` has its first `{device}`; empty when what is before that differs.
std::string_view in_place_of_device(std::string_view pattern, std::string_view text) {
    const auto at = pattern.find(device_variable);
    if (at == pattern.npos || !text.starts_with(pattern.substr(0, at))) return {};
    text.remove_prefix(at);
    const std::string_view behind = pattern.substr(at + device_variable.size());
    return behind.empty() ? text : text.substr(0, std::min(text.find(behind.front()), text.size()));
}

std::string_view concerned_by(const PolicyRule& rule, const s3::ObjectAddress& address) {
    const std::string_view pattern = rule.on;
    const auto slash = pattern.find('/');
    const std::string_view bucket = pattern.substr(0, slash);
    const std::string_view key = pattern.substr(std::min(slash + 1, pattern.size()));
    if (const auto found = in_place_of_device(bucket, address.bucket); !found.empty()) return found;
    if (bucket != bucket_variable && bucket != address.bucket) return {};
    return in_place_of_device(key, address.key);
}

}  // namespace

std::vector<std::string_view> devices_concerned(const Policy& policy, const Identification& identification,
                                                const S3Operation& operation) {
    std::vector<std::string_view> devices;
    for (const PolicyRule& rule : policy.rules) {
        if (rule.who != ClientKind::devices) continue;
        const std::string_view device = concerned_by(rule, operation.address);
        if (std::ranges::find(devices, device) == devices.end() && identification.is_id(device))
            devices.push_back(device);
    }
    return devices;
}

std::optional<std::string> fault_of_place(const PolicyRule& rule) {
    const std::string_view pattern = rule.on;
    const auto at = pattern.find(device_variable);
    if (rule.who != ClientKind::devices || at == pattern.npos) return std::nullopt;
    const std::string_view behind = pattern.substr(at + device_variable.size());
    if (pattern.substr(0, at).find('*') == pattern.npos && !behind.starts_with('*') &&
        !behind.starts_with('{'))
        return std::nullopt;
    return "'" + rule.on + "' does not show where a device's id begins and ends";
}

}  // namespace sallyport::gateway
