#include "gateway/rules/permission.h"

#include "gateway/rules/built_in_policy.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr std::uint64_t any = UINT64_MAX;
const Client device{ClientKind::devices, "A1", "fleet"};
const S3Operation put{"PutObject", {"fleet", "A1/x"}};

PolicyRule allowed(std::uint64_t body_bytes, bool when_absent, const char* on = "fleet/{device}/*") {
    PolicyRule rule{{"PutObject"}, on};
    rule.body_bytes = body_bytes;
    rule.when_absent = when_absent;
    return rule;
}

struct PermissionCase {
    const char* name;
    std::vector<PolicyRule> rules;
    std::optional<std::uint64_t> length;  ///< nothing: chunked
    std::optional<Permission> permission;
};
const PermissionCase permission_cases[] = {
    {"no_bound", {allowed(0, false)}, 1000, Permission{any, false}},
    {"at_the_bound", {allowed(10, false)}, 10, Permission{10, false}},
    {"beyond_the_bound", {allowed(10, false)}, 11, std::nullopt},
    {"no_body", {allowed(10, false)}, 0, Permission{10, false}},
    {"unknown_length", {allowed(10, false)}, std::nullopt, Permission{10, false}},
    {"only_when_absent", {allowed(0, true)}, 5, Permission{any, true}},
    {"the_wider_rule", {allowed(10, false), allowed(20, false)}, 15, Permission{20, false}},
    {"the_wider_rule_first", {allowed(20, false), allowed(10, false)}, 5, Permission{20, false}},
    {"rather_replace_than_not", {allowed(0, true), allowed(10, false)}, 5, Permission{10, false}},
    {"unless_it_is_too_long", {allowed(0, true), allowed(10, false)}, 15, Permission{any, true}},
    {"unknown_length_replaces", {allowed(0, true), allowed(10, false)}, std::nullopt, Permission{10, false}},
    {"rule_for_another_place", {allowed(10, false), allowed(0, false, "fleet/y")}, 11, std::nullopt},
    {"rule_for_this_place",
     {allowed(10, false), allowed(0, false, "fleet/A1/x")},
     11,
     Permission{any, false}},
};

class PermissionOf : public testing::TestWithParam<PermissionCase> {};

TEST_P(PermissionOf, is_what_the_rules_leave) {
    const Policy policy{GetParam().rules};
    ASSERT_EQ(authorize(policy, device, put), std::nullopt);
    const auto permission = permission_of(policy, device, put, GetParam().length);
    ASSERT_EQ(permission.has_value(), GetParam().permission.has_value());
    if (!permission) {
        EXPECT_EQ(permission.error().reason, Reason::too_large);
        return;
    }
    EXPECT_EQ(permission->body_bytes, GetParam().permission->body_bytes);
    EXPECT_EQ(permission->only_when_absent, GetParam().permission->only_when_absent);
}
INSTANTIATE_TEST_SUITE_P(table, PermissionOf, testing::ValuesIn(permission_cases),
                         [](const auto& row) { return row.param.name; });

TEST(PermissionOf, a_key_in_doubt_is_what_rules_on_the_whole_bucket_leave) {
    const Policy policy{{allowed(10, false, "fleet/*"), allowed(0, false, "fleet/A1/*")}};
    S3Operation doubt{"PutObject", {"fleet", "A1//x"}};
    EXPECT_TRUE(permission_of(policy, device, doubt, 11));
    doubt.ambiguity = "the path has an empty segment";
    EXPECT_TRUE(permission_of(policy, device, doubt, 10));
    EXPECT_FALSE(permission_of(policy, device, doubt, 11));
}

struct FaultCase {
    const char* name;
    Effect effect;
    std::vector<std::string> actions;
    bool when_absent;
    std::uint64_t body_bytes;
    bool sound;
};
const FaultCase fault_cases[] = {
    {"absent_put", Effect::allow, {"PutObject"}, true, 0, true},
    {"absent_put_and_get", Effect::allow, {"PutObject", "GetObject"}, true, 0, false},
    {"absent_get", Effect::allow, {"GetObject"}, true, 0, false},
    {"absent_copy", Effect::allow, {"CopyObject"}, true, 0, false},
    {"absent_anything", Effect::allow, {"*"}, true, 0, false},
    {"absent_denied", Effect::deny, {"PutObject"}, true, 0, false},
    {"bounded_put_and_get", Effect::allow, {"PutObject", "GetObject"}, false, 10, true},
    {"bounded_and_absent", Effect::allow, {"PutObject"}, true, 10, true},
    {"bounded_denied", Effect::deny, {"PutObject"}, false, 10, false},
};

class FaultOfBounds : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultOfBounds, says_which_rules_make_sense) {
    PolicyRule rule{GetParam().actions, "fleet/*"};
    rule.effect = GetParam().effect;
    rule.when_absent = GetParam().when_absent;
    rule.body_bytes = GetParam().body_bytes;
    EXPECT_EQ(!fault_of(rule), GetParam().sound) << fault_of(rule).value_or("");
}
INSTANTIATE_TEST_SUITE_P(table, FaultOfBounds, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

struct ConditionCase {
    const char* name;
    std::vector<HeaderField> fields;
    bool allowed;
};
const ConditionCase condition_cases[] = {
    {"none", {{"Host", "h"}}, true},
    {"the_same", {{"If-None-Match", "*"}}, true},
    {"an_etag", {{"If-None-Match", "\"x\""}}, false},
    {"an_etag_beside_it", {{"if-none-match", "*"}, {"IF-NONE-MATCH", "\"x\""}}, false},
    {"a_list", {{"If-None-Match", "*, \"x\""}}, false},
    {"match", {{"if-match", "*"}}, false},
    {"a_date", {{"If-Modified-Since", "x"}}, true},
};

class CheckMakesOnly : public testing::TestWithParam<ConditionCase> {};

TEST_P(CheckMakesOnly, suffers_no_condition_that_replaces) {
    const RequestHead head{"PUT", "/fleet/A1/x", 11, GetParam().fields};
    const auto denial = check_makes_only(head);
    EXPECT_EQ(!denial, GetParam().allowed);
    if (denial) {
        EXPECT_EQ(denial->reason, Reason::action_denied);
    }
}
INSTANTIATE_TEST_SUITE_P(table, CheckMakesOnly, testing::ValuesIn(condition_cases),
                         [](const auto& row) { return row.param.name; });

TEST(CanedgeDevice, brings_its_configuration_only_where_there_is_none) {
    const Policy policy{rules_of(BuiltIn::canedge_device, "fleet", ClientKind::devices)};
    const auto only_when_absent = [&](const char* key) {
        return permission_of(policy, device, {"PutObject", {"fleet", key}}, 1).value().only_when_absent;
    };
    EXPECT_TRUE(only_when_absent("A1/config-01.09.json"));
    EXPECT_FALSE(only_when_absent("A1/schema-01.09.json"));
    EXPECT_FALSE(only_when_absent("A1/device.json"));
    EXPECT_FALSE(only_when_absent("A1/00000001/00000001-5E0BE100.MF4"));
}

}  // namespace
}  // namespace sallyport::gateway
