#include "gateway/rules/policy.h"

#include "gateway/rules/logged_key.h"
#include "gateway/rules/pattern.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

/// Other ways to the same thing: who may not do the first may not do the second either.
struct Likewise {
    std::string_view denied;
    std::string_view also;
};
constexpr Likewise likewise[] = {
    {"PutObject", "CopyObject"},
    {"PutObject", "CreateMultipartUpload"},
    {"PutObject", "UploadPart"},
    {"PutObject", "UploadPartCopy"},
    {"PutObject", "CompleteMultipartUpload"},
    {"PutObject", rename_object},
    {"GetObject", "SelectObjectContent"},
    {"GetObject", "GetObjectTorrent"},
    {"GetObject", rename_object},
    {"DeleteObject", delete_objects},
    {"DeleteObject", rename_object},
    {"ListObjects", "ListObjectsV2"},
    {"ListObjects", "ListObjectVersions"},
    {"ListObjectsV2", "ListObjects"},
    {"ListObjectsV2", "ListObjectVersions"},
};

std::string_view key_pattern(const PolicyRule& rule) {
    return std::string_view(rule.on).substr(rule.on.find('/') + 1);  // fault_of() saw the slash
}

bool names(const PolicyRule& rule, std::string_view action) {
    return std::ranges::any_of(rule.actions, [&](const std::string& named) {
        return named == "*" || named == action ||
               (rule.effect == Effect::deny && std::ranges::any_of(likewise, [&](const Likewise& pair) {
                    return named == pair.denied && action == pair.also;
                }));
    });
}

bool is_for(const PolicyRule& rule, const Client& client) {
    const auto is_client = [&](const std::string& device) { return matches(device, {}, client.name); };
    return rule.who == client.kind &&
           (rule.devices.empty() || std::ranges::any_of(rule.devices, is_client)) &&
           (rule.listeners.empty() ||
            std::ranges::find(rule.listeners, client.listener) != rule.listeners.end());
}

/// What one action is done to.
struct Place {
    const s3::ObjectAddress& address;
    std::string_view ambiguity;  ///< see S3Operation
};

bool is_about(const PolicyRule& rule, const Client& client, std::string_view action, const Place& place) {
    // Keys that the path does not name, or that nobody knows for sure: only who may do it to all of them may
    // do it.
    if (needs_whole_bucket(action) || !place.ambiguity.empty()) {
        return matches_bucket(rule.on, client.name, place.address.bucket) &&
               (rule.effect == Effect::deny || key_pattern(rule) == "*");
    }
    return matches(rule.on, client.name, place.address);
}

/// A store that maps keys to files may read `own/../other/` as `other/`.
bool is_listed_by(const PolicyRule& rule, const Client& client, const S3Operation& operation) {
    if (rule.prefix.empty()) return true;
    return operation.prefix && is_plain_key(*operation.prefix) &&
           matches(rule.prefix, client.name, *operation.prefix);
}

std::optional<Denial> authorize_action(const Policy& policy, const Client& client, std::string_view action,
                                       const Place& place, const S3Operation& operation) {
    bool allowed = false;
    bool elsewhere = false;
    const auto denied = [&](Reason reason, std::string_view why) {
        if (!place.ambiguity.empty())
            return bad_request(Reason::ambiguous_path, std::string(place.ambiguity));
        const std::string& key = place.address.key;
        return access_denied(reason, std::string(action) + " on " + place.address.bucket + "/" +
                                         logged_key(key).value_or(key) + std::string(why));
    };
    if (action == unknown_action) return denied(Reason::action_denied, "");
    for (const PolicyRule& rule : policy.rules) {
        if (!names(rule, action) || !is_for(rule, client)) continue;
        const bool about = is_about(rule, client, action, place);
        if (rule.effect == Effect::deny) {
            if (about) return denied(Reason::action_denied, ": denied on " + rule.on);
            continue;
        }
        if (about && is_listed_by(rule, client, operation)) allowed = true;
        elsewhere = true;
    }
    if (allowed) return std::nullopt;
    return denied(elsewhere ? Reason::wrong_prefix : Reason::action_denied, "");
}

// ---- faults -----------------------------------------------------------------------------------------

/// For names that are right elsewhere.
std::string advice(std::string_view action) {
    if (action.starts_with("s3:")) return "; write it without 's3:'";
    const std::string_view operations = operations_for_foreign_action(action);
    return operations.empty() ? "" : "; here it is " + std::string(operations);
}

std::optional<std::string> fault_of_actions(const PolicyRule& rule) {
    const std::string key = rule.effect == Effect::allow ? "allow: " : "deny: ";
    if (rule.actions.empty()) return key + "name at least one S3 action";
    for (const std::string& action : rule.actions) {
        if (action != "*" && !is_action(action))
            return key + "'" + action + "' is no S3 action" + advice(action);
    }
    return std::nullopt;
}

std::optional<std::string> fault_of_place(const PolicyRule& rule) {
    const std::string_view on = rule.on;
    const std::string_view bucket = on.substr(0, on.find('/'));
    if (bucket.empty() || bucket.size() == on.size() || bucket.find('*') != bucket.npos) {
        return "on: a bucket and a key pattern are needed, as in 'fleet/{device}/*'";
    }
    const bool any_bucket = bucket == bucket_variable;
    if (const auto fault = fault_of_pattern(any_bucket ? on.substr(bucket.size()) : on))
        return "on: " + *fault;
    if (rule.who != ClientKind::devices && on.find(device_variable) != on.npos) {
        return "on: only for devices does {device} stand for something";
    }
    if (rule.effect == Effect::allow && key_pattern(rule) != "*" &&
        std::ranges::any_of(rule.actions, [](const auto& action) { return needs_whole_bucket(action); })) {
        return "allow: the keys of DeleteObjects and RenameObject do not all stand in the path, so that only "
               "the "
               "whole bucket can be meant, as in 'fleet/*'";
    }
    return std::nullopt;
}

std::optional<std::string> fault_of_prefix(const PolicyRule& rule) {
    if (rule.prefix.empty()) return std::nullopt;
    if (rule.effect == Effect::deny)
        return "when: not with 'deny': a shorter prefix would list the same keys";
    if (!std::ranges::all_of(rule.actions, [](const auto& action) { return has_prefix(action); }))
        return "when: prefix is known of ListObjects, ListObjectsV2, ListObjectVersions and "
               "ListMultipartUploads only";
    if (!key_pattern(rule).empty() && key_pattern(rule) != "*")
        return "when: a list is of a bucket: end 'on' with its slash, as in 'fleet/'";
    if (const auto fault = fault_of_pattern(rule.prefix)) return "when: prefix: " + *fault;
    if (rule.who != ClientKind::devices && rule.prefix.find(device_variable) != rule.prefix.npos)
        return "when: only for devices does {device} stand for something";
    return std::nullopt;
}

std::optional<std::string> fault_of_bounds(const PolicyRule& rule) {
    if (!rule.when_absent && rule.body_bytes == 0) return std::nullopt;
    if (rule.effect == Effect::deny)
        return "deny: what is denied has no conditions; allow it within bounds instead";
    // Of other operations no store can be asked to replace nothing.
    if (rule.when_absent && rule.actions != std::vector<std::string>{"PutObject"})
        return "when: absent is known of PutObject only; make it a rule of its own";
    return std::nullopt;
}

}  // namespace

Policy default_policy() {
    return {{{{"PutObject", "GetObject", "HeadObject"}, "{bucket}/{device}/*"}}};
}

std::optional<std::string> fault_of_devices(const PolicyRule& rule) {
    if (!rule.devices.empty() && rule.who != ClientKind::devices) return "devices: only with 'who: device'";
    for (const std::string& device : rule.devices) {
        if (device.empty() || device.find('{') != device.npos)
            return "devices: '" + device + "' is neither an id nor a pattern with '*'";
    }
    return std::nullopt;
}

std::optional<std::string> fault_of(const PolicyRule& rule) {
    for (auto* const check :
         {fault_of_actions, fault_of_place, fault_of_prefix, fault_of_bounds, fault_of_devices}) {
        if (auto fault = check(rule)) return fault;
    }
    return std::nullopt;
}

bool applies(const PolicyRule& rule, const Client& client, const S3Operation& operation) {
    return names(rule, operation.action) && is_for(rule, client) &&
           is_about(rule, client, operation.action, {operation.address, operation.ambiguity}) &&
           is_listed_by(rule, client, operation);
}

std::optional<Denial> authorize(const Policy& policy, const Client& client, const S3Operation& operation) {
    const auto judge = [&](std::string_view action, const Place& place) {
        return authorize_action(policy, client, action, place, operation);
    };
    const Place target{operation.address, operation.ambiguity};
    if (auto denial = judge(operation.action, target)) return denial;
    for (const std::string_view action : operation.further_actions) {
        if (auto denial = judge(action, target)) return denial;
    }
    // Who copies reads.
    if (operation.copy_source)
        return judge("GetObject", {*operation.copy_source, operation.source_ambiguity});
    return std::nullopt;
}

}  // namespace sallyport::gateway
