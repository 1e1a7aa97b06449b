#include "gateway/policy_settings.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

struct Loaded {
    Policy policy;
    std::vector<std::string> faults;
};

/// Reads rules, one each line, for the listeners 'new' and 'old' and ids of two bytes.
Loaded load(const std::vector<std::string>& rules) {
    std::string yaml = "authorization:\n";
    for (const std::string& rule : rules)
        yaml += "  - " + rule + "\n";
    config::Faults faults("f");
    const auto node = config::parse_yaml(yaml, faults);
    if (!node) return {{}, faults.messages()};
    config::MapReader root(*node, "", faults);
    Policy policy = read_policy(root, {{"new", "old"}, [](auto id) { return id.size() == 2; }});
    root.finish();
    return {std::move(policy), faults.messages()};
}

TEST(PolicySettings, have_a_default) {
    config::Faults faults("f");
    const auto node = config::parse_yaml("x: 1", faults);
    config::MapReader root(node.value(), "", faults);
    const Policy policy = read_policy(root, {});
    ASSERT_EQ(policy.rules.size(), 1U);
    EXPECT_EQ(policy.rules[0].on, default_policy().rules[0].on);
}

TEST(PolicySettings, take_what_is_given) {
    const auto [policy, faults] =
        load({"{deny: PutObject, on: 'fleet/x', devices: [A1, 'B*'], listeners: old}",
              "{who: operator, allow: [ListObjects], on: fleet/, when: {prefix: 'x/*'}}",
              "{allow: PutObject, on: 'fleet/y', when: {absent: true}, body_bytes: 1MiB}"});
    ASSERT_EQ(faults, std::vector<std::string>{});
    ASSERT_EQ(policy.rules.size(), 3U);
    EXPECT_EQ(policy.rules[0].effect, Effect::deny);
    EXPECT_EQ(policy.rules[0].actions, std::vector<std::string>{"PutObject"});
    EXPECT_EQ(policy.rules[0].devices, (std::vector<std::string>{"A1", "B*"}));
    EXPECT_EQ(policy.rules[0].listeners, std::vector<std::string>{"old"});
    EXPECT_EQ(policy.rules[0].prefix, "");
    EXPECT_EQ(policy.rules[1].effect, Effect::allow);
    EXPECT_EQ(policy.rules[1].who, ClientKind::operators);
    EXPECT_EQ(policy.rules[1].prefix, "x/*");
    EXPECT_TRUE(policy.rules[1].devices.empty());
    EXPECT_FALSE(policy.rules[1].when_absent);
    EXPECT_TRUE(policy.rules[2].when_absent);
    EXPECT_EQ(policy.rules[2].body_bytes, 1U << 20U);
    EXPECT_TRUE(policy.rules[1].listeners.empty());
}

TEST(PolicySettings, make_a_rule_of_each_place) {
    const auto [policy, faults] = load({"{allow: GetObject, on: [fleet/a, fleet/b], devices: A1}"});
    ASSERT_EQ(faults, std::vector<std::string>{});
    ASSERT_EQ(policy.rules.size(), 2U);
    EXPECT_EQ(policy.rules[0].on, "fleet/a");
    EXPECT_EQ(policy.rules[1].on, "fleet/b");
    EXPECT_EQ(policy.rules[1].devices, std::vector<std::string>{"A1"});
}

TEST(PolicySettings, spell_out_what_is_built_in) {
    const auto [policy, faults] =
        load({"{use: canedge-device, bucket: fleet, devices: A1, listeners: [new]}",
              "{use: prefix-owner, bucket: '{bucket}'}", "{use: unrestricted, who: operator, bucket: x-y}"});
    ASSERT_EQ(faults, std::vector<std::string>{});
    ASSERT_GT(policy.rules.size(), 5U);
    for (const PolicyRule& rule : policy.rules)
        EXPECT_EQ(fault_of(rule), std::nullopt) << rule.on;
    EXPECT_EQ(policy.rules.front().devices, std::vector<std::string>{"A1"});
    EXPECT_EQ(policy.rules.front().listeners, std::vector<std::string>{"new"});
    EXPECT_EQ(policy.rules.back().who, ClientKind::operators);
    EXPECT_EQ(policy.rules.back().on, "x-y/*");
    EXPECT_TRUE(policy.rules.back().devices.empty());
}

struct FaultCase {
    const char* name;
    const char* rule;
    const char* place;  ///< "line:column"; empty: no fault
    const char* what;
    std::size_t faults = 1;  ///< those that follow from the first
};
const FaultCase fault_cases[] = {
    {"allow", "{allow: GetObject, on: b/*}", "", ""},
    {"deny", "{deny: GetObject, on: b/*}", "", ""},
    {"allow_and_deny", "{allow: GetObject, deny: PutObject, on: b/*}", "2:5", "make it two rules"},
    {"neither", "{on: b/*}", "2:5", "allow: name at least one"},
    {"deny_nothing", "{deny: [], on: b/*}", "2:5", "deny: name at least one"},
    {"deny_unknown", "{deny: Get, on: b/*}", "2:5", "deny: 'Get' is no S3 action"},
    {"no_place", "{allow: GetObject}", "2:5", "'on' is missing"},
    {"places", "{allow: GetObject, on: [b/x, b/y]}", "", ""},
    {"no_places", "{allow: GetObject, on: []}", "2:5", "on: at least one pattern"},
    {"empty_place", "{allow: GetObject, on: ''}", "2:5", "on: a bucket and a key pattern"},
    {"second_place", "{allow: GetObject, on: [b/x, b]}", "2:5", "on: a bucket and a key pattern"},
    {"place_in_a_map", "{allow: GetObject, on: [{b: x}]}", "2:29", "on: a plain value is needed", 2},
    {"variable", "{allow: GetObject, on: 'b/{user}'}", "2:5", "on: the variables are"},
    {"digits", "{allow: GetObject, on: 'b/{digits:8}'}", "", ""},
    {"digits_zero", "{allow: GetObject, on: 'b/{digits:0}'}", "2:5", "on: the variables are"},
    {"who", "{who: someone, allow: GetObject, on: b/*}", "2:11", "is none of: device"},
    {"device", "{allow: GetObject, on: b/*, devices: [A1]}", "", ""},
    {"device_pattern", "{allow: GetObject, on: b/*, devices: ['A1B*']}", "", ""},
    {"device_that_cannot_be", "{allow: GetObject, on: b/*, devices: [A1, A1B]}", "2:47",
     "'A1B' does not match devices.identity.pattern"},
    {"device_with_variable", "{allow: GetObject, on: b/*, devices: ['{hex:2}*']}", "2:5",
     "is neither an id nor a pattern"},
    {"no_devices", "{allow: GetObject, on: b/*, devices: []}", "2:5", "devices: an empty list"},
    {"devices_of_operators", "{who: operator, allow: GetObject, on: b/*, devices: [A1]}", "2:5",
     "devices: only with"},
    {"listener", "{allow: GetObject, on: b/*, listeners: [new, old]}", "", ""},
    {"listener_that_is_not_there", "{allow: GetObject, on: b/*, listeners: [new, older]}", "2:50",
     "there is no listener 'older'"},
    {"no_listeners", "{allow: GetObject, on: b/*, listeners: []}", "2:5", "listeners: an empty list"},
    {"when", "{allow: ListObjectsV2, on: b/, when: {prefix: 'x/*'}}", "", ""},
    {"when_nothing", "{allow: ListObjectsV2, on: b/, when: {}}", "2:42", "a condition is needed"},
    {"when_absent", "{allow: PutObject, on: b/x, when: {absent: true}}", "", ""},
    {"when_not_absent", "{allow: PutObject, on: b/x, when: {absent: false}}", "2:39",
     "a condition is needed"},
    {"when_absent_of_another_action", "{allow: CopyObject, on: b/x, when: {absent: true}}", "2:5",
     "when: absent is known of PutObject only"},
    {"when_absent_and_prefix", "{allow: PutObject, on: b/, when: {absent: true, prefix: x}}", "2:5",
     "when: prefix is known of"},
    {"body_bytes", "{allow: PutObject, on: b/x, body_bytes: 64KiB}", "", ""},
    {"body_bytes_of_nothing", "{allow: PutObject, on: b/x, body_bytes: 0B}", "2:45", "body_bytes"},
    {"body_bytes_denied", "{deny: PutObject, on: b/x, body_bytes: 1KiB}", "2:5", "deny: "},
    {"when_no_map", "{allow: ListObjectsV2, on: b/, when: x}", "2:42", "a mapping", 2},
    {"when_empty", "{allow: ListObjectsV2, on: b/, when: {prefix: ''}}", "2:51", "prefix"},
    {"when_unknown", "{allow: ListObjectsV2, on: b/, when: {prefix: x, delimiter: /}}", "2:54",
     "unknown key 'delimiter'"},
    {"when_of_another_action", "{allow: GetObject, on: b/, when: {prefix: x}}", "2:5",
     "when: prefix is known of"},
    {"when_of_keys", "{allow: ListObjects, on: b/x, when: {prefix: x}}", "2:5",
     "when: a list is of a bucket"},
    {"when_denied", "{deny: ListObjects, on: b/, when: {prefix: x}}", "2:5", "when: not with 'deny'"},
    {"when_variable", "{allow: ListObjects, on: b/, when: {prefix: '{x}'}}", "2:5",
     "when: prefix: the variables"},
    {"when_of_operators", "{who: operator, allow: ListObjects, on: b/, when: {prefix: '{device}'}}", "2:5",
     "when: only for devices"},
    {"delete_many", "{allow: DeleteObjects, on: b/*}", "", ""},
    {"delete_many_of_some", "{allow: DeleteObjects, on: b/x/*}", "2:5", "keys of DeleteObjects"},
    {"use", "{use: canedge-device, bucket: b-1}", "", ""},
    {"use_unknown", "{use: canedge, bucket: b-1}", "2:11", "is none of: canedge-device"},
    {"use_without_bucket", "{use: canedge-device}", "2:5", "'bucket' is missing"},
    {"use_with_place", "{use: canedge-device, bucket: b-1, on: b/*}", "2:40", "unknown key 'on'"},
    {"use_with_actions", "{use: canedge-device, bucket: b-1, allow: '*'}", "2:40", "unknown key 'allow'"},
    {"use_with_condition", "{use: canedge-device, bucket: b-1, when: {prefix: x}}", "2:40",
     "unknown key 'when'"},
    {"use_bucket_with_slash", "{use: prefix-owner, bucket: b/x}", "2:33", "it has a slash"},
    {"use_bucket_with_star", "{use: prefix-owner, bucket: 'b*'}", "2:33", "a bucket and a key pattern"},
    {"use_bucket_variable", "{use: prefix-owner, bucket: 'b-{user}'}", "2:33", "the variables are"},
    {"use_bucket_of_the_device", "{use: prefix-owner, bucket: 'b-{device}'}", "", ""},
    {"use_for_operators", "{use: prefix-owner, who: operator, bucket: b-1}", "2:5", "about devices"},
    {"unrestricted", "{use: unrestricted, who: credentials, bucket: b-1}", "", ""},
    {"unrestricted_devices", "{use: unrestricted, who: device, bucket: b-1}", "2:5", "is not for devices"},
    {"unrestricted_by_default", "{use: unrestricted, bucket: b-1}", "2:5", "is not for devices"},
    {"unrestricted_listener", "{use: unrestricted, who: operator, bucket: b-1, listeners: x}", "2:64",
     "there is no listener 'x'"},
    {"unrestricted_of_devices", "{use: unrestricted, who: operator, bucket: b-1, devices: A1}", "2:5",
     "devices: only with"},
    {"bucket_without_use", "{allow: GetObject, on: b/*, bucket: b}", "2:33", "unknown key 'bucket'"},
};

class PolicyFault : public testing::TestWithParam<FaultCase> {};

TEST_P(PolicyFault, is_told_with_its_place) {
    const FaultCase& row = GetParam();
    const auto faults = load({row.rule}).faults;
    ASSERT_EQ(faults.size(), std::string_view(row.place).empty() ? 0U : row.faults)
        << testing::PrintToString(faults);
    if (faults.empty()) return;
    EXPECT_EQ(faults[0].find("f:" + std::string(row.place) + ":"), 0U) << faults[0];
    EXPECT_NE(faults[0].find(row.what), std::string::npos) << faults[0];
}
INSTANTIATE_TEST_SUITE_P(table, PolicyFault, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
