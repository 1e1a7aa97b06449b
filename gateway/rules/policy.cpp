#include "gateway/rules/policy.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::string_view device_variable = "{device}";
constexpr std::string_view bucket_variable = "{bucket}";

/// Iterative glob: `*` any bytes, `{device}` the id, all else itself. Linear but for the last star.
bool matches(std::string_view pattern, std::string_view device, const s3::ObjectAddress& address) {
    std::string_view text = address.key;
    std::string with_bucket;
    if (pattern.starts_with(bucket_variable)) {
        pattern.remove_prefix(bucket_variable.size() + 1);  // fault_of() saw the slash
    } else {
        with_bucket = address.bucket + "/" + address.key;
        text = with_bucket;
    }
    std::string expanded;
    expanded.reserve(pattern.size() + device.size());
    for (std::size_t at = 0; at < pattern.size();) {
        if (pattern.substr(at).starts_with(device_variable)) {
            expanded += device;  // an id holds no `*`: Identification refuses it
            at += device_variable.size();
        } else {
            expanded += pattern[at++];
        }
    }
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string::npos;
    std::size_t after_star = 0;
    while (t < text.size()) {
        if (p < expanded.size() && expanded[p] == '*') {
            star = p++;
            after_star = t;
        } else if (p < expanded.size() && expanded[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string::npos) {
            p = star + 1;
            t = ++after_star;
        } else {
            return false;
        }
    }
    while (p < expanded.size() && expanded[p] == '*')
        ++p;
    return p == expanded.size();
}

bool allows_action(const PolicyRule& rule, std::string_view action) {
    if (action == unknown_action) return false;
    return std::ranges::any_of(rule.actions,
                               [&](const auto& known) { return known == "*" || known == action; });
}

}  // namespace

Policy default_policy() {
    return {{{{"PutObject", "GetObject", "HeadObject"}, "{bucket}/{device}/*"}}};
}

std::optional<std::string> fault_of(const PolicyRule& rule) {
    if (rule.actions.empty()) return "allow: name at least one S3 action";
    for (const std::string& action : rule.actions) {
        if (action != "*" && !is_action(action)) return "allow: '" + action + "' is no S3 action";
    }
    const std::string_view on = rule.on;
    const std::string_view bucket = on.substr(0, on.find('/'));
    if (bucket.empty() || bucket.size() == on.size() || bucket.find('*') != bucket.npos) {
        return "on: a bucket and a key pattern are needed, as in 'fleet/{device}/*'";
    }
    for (auto at = on.find('{'); at != on.npos; at = on.find('{', at + 1)) {
        const bool any_bucket = at == 0 && bucket == bucket_variable;
        if (!any_bucket && !on.substr(at).starts_with(device_variable)) {
            return "on: the variables are {device} and, for a whole bucket name, {bucket}";
        }
    }
    if (rule.who != ClientKind::devices && on.find(device_variable) != on.npos) {
        return "on: only for devices does {device} stand for something";
    }
    return std::nullopt;
}

namespace {

std::optional<Denial> authorize_action(const Policy& policy, const Client& client, std::string_view action,
                                       const s3::ObjectAddress& address) {
    bool elsewhere = false;
    for (const PolicyRule& rule : policy.rules) {
        if (rule.who != client.kind || !allows_action(rule, action)) continue;
        if (matches(rule.on, client.name, address)) return std::nullopt;
        elsewhere = true;
    }
    return access_denied(elsewhere ? Reason::wrong_prefix : Reason::action_denied,
                         std::string(action) + " on " + address.bucket + "/" + address.key);
}

}  // namespace

std::optional<Denial> authorize(const Policy& policy, const Client& client, const S3Operation& operation) {
    if (auto denial = authorize_action(policy, client, operation.action, operation.address)) return denial;
    for (const std::string_view action : operation.further_actions) {
        if (auto denial = authorize_action(policy, client, action, operation.address)) return denial;
    }
    return std::nullopt;
}

}  // namespace sallyport::gateway
