#include "gateway/policy_settings.h"

#include "gateway/rules/built_in_policy.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

using config::Located;
using config::MapReader;

ClientKind read_who(MapReader& map) {
    return map.choice<ClientKind>("who", ClientKind::devices,
                                  {{"device", ClientKind::devices},
                                   {"operator", ClientKind::operators},
                                   {"credentials", ClientKind::credentials}});
}

/// What narrows a rule: devices and listeners.
void read_scope(MapReader& map, const PolicyNames& names, PolicyRule& rule) {
    for (const Located& device : map.strings("devices")) {
        const bool pattern = device.text.find('*') != device.text.npos;
        if (!pattern && !names.is_device(device.text))
            map.fault(device.mark, "devices: '" + device.text + "' does not match devices.identity.pattern");
        rule.devices.push_back(device.text);
    }
    if (map.has("devices") && rule.devices.empty())
        map.fault("devices: an empty list is nobody; leave it out");
    for (const Located& listener : map.strings("listeners")) {
        if (std::ranges::find(names.listeners, listener.text) == names.listeners.end())
            map.fault(listener.mark, "listeners: there is no listener '" + listener.text + "'");
        rule.listeners.push_back(listener.text);
    }
    if (map.has("listeners") && rule.listeners.empty())
        map.fault("listeners: an empty list is nowhere; leave it out");
}

std::vector<PolicyRule> read_built_in(MapReader& map, const PolicyNames& names) {
    const auto policy = map.choice<BuiltIn>("use", BuiltIn::canedge_device,
                                            {{"canedge-device", BuiltIn::canedge_device},
                                             {"prefix-owner", BuiltIn::prefix_owner},
                                             {"unrestricted", BuiltIn::unrestricted}});
    PolicyRule scope;
    scope.who = read_who(map);
    read_scope(map, names, scope);
    const Located bucket = map.required_string("bucket");
    if (bucket.text.empty()) return {};
    if (const auto fault = fault_of(policy, scope.who)) {
        map.fault(*fault);
        return {};
    }
    if (bucket.text.find('/') != bucket.text.npos) {
        map.fault(bucket.mark, "bucket: '" + bucket.text + "' is no bucket: it has a slash");
        return {};
    }
    auto rules = rules_of(policy, bucket.text, scope.who);
    if (const auto fault = fault_of(rules.front()))
        map.fault(bucket.mark, "bucket: '" + bucket.text + "': " + *fault);
    for (PolicyRule& rule : rules) {
        rule.devices = scope.devices;
        rule.listeners = scope.listeners;
    }
    if (const auto fault = fault_of_devices(scope)) map.fault(*fault);
    return rules;
}

void read_condition(MapReader& map, PolicyRule& rule) {
    auto when = map.map("when");
    if (!when) return;
    if (const auto prefix = when->string("prefix")) {
        rule.prefix = prefix->text;
        if (rule.prefix.empty()) when->fault(prefix->mark, "prefix: an empty one is no condition");
    }
    rule.when_absent = when->boolean("absent", false);
    if (!when->has("prefix") && !rule.when_absent)
        when->fault("a condition is needed: prefix of a list, or absent: true");
    when->finish();
}

std::vector<PolicyRule> read_rule(MapReader& map, const PolicyNames& names) {
    PolicyRule rule;
    rule.who = read_who(map);
    const bool denies = map.has("deny");
    if (denies && map.has("allow")) map.fault("'allow' and 'deny' at once: make it two rules");
    rule.effect = denies ? Effect::deny : Effect::allow;
    for (const Located& action : map.strings(denies ? "deny" : "allow"))
        rule.actions.push_back(action.text);
    if (denies) map.strings("allow");
    read_scope(map, names, rule);
    read_condition(map, rule);
    rule.body_bytes = map.bytes("body_bytes", 0, 1, 1ULL << 50U);
    if (!map.has("on")) map.fault("'on' is missing");
    const auto places = map.strings("on");
    if (map.has("on") && places.empty()) map.fault("on: at least one pattern is needed");
    std::vector<PolicyRule> rules;
    for (const Located& place : places) {
        rule.on = place.text;
        if (const auto fault = fault_of(rule)) {
            map.fault(*fault);
            break;
        }
        rules.push_back(rule);
    }
    return rules;
}

}  // namespace

Policy read_policy(MapReader& root, const PolicyNames& names) {
    if (!root.has("authorization")) return default_policy();
    Policy policy;
    for (MapReader& map : root.maps("authorization")) {
        auto rules = map.has("use") ? read_built_in(map, names) : read_rule(map, names);
        map.finish();
        std::ranges::move(rules, std::back_inserter(policy.rules));
    }
    return policy;
}

}  // namespace sallyport::gateway
