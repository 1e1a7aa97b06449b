#include "gateway/rules/policy.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

Client device(std::string_view name) {
    return {ClientKind::devices, name};
}

struct FaultCase {
    const char* name;
    std::vector<std::string> actions;
    const char* on;
    bool sound;
};

const FaultCase fault_cases[] = {
    {"one_action", {"PutObject"}, "fleet/{device}/*", true},
    {"no_action", {}, "fleet/{device}/*", false},
    {"unknown_action", {"PutObjects"}, "fleet/{device}/*", false},
    {"the_word_for_unknown", {"Unknown"}, "fleet/{device}/*", false},
    {"second_action_unknown", {"PutObject", "Put"}, "fleet/{device}/*", false},
    {"action_in_lower_case", {"putobject"}, "fleet/{device}/*", false},
    {"every_action", {"*"}, "fleet/{device}/*", true},
    {"action_pattern", {"Put*"}, "fleet/{device}/*", false},
    {"whole_bucket", {"ListObjectsV2"}, "fleet/", true},
    {"no_key", {"PutObject"}, "fleet", false},
    {"nothing", {"PutObject"}, "", false},
    {"no_bucket", {"PutObject"}, "/x", false},
    {"any_bucket", {"PutObject"}, "{bucket}/{device}/*", true},
    {"star_for_bucket", {"PutObject"}, "*/{device}/*", false},
    {"star_in_bucket", {"PutObject"}, "fleet*/{device}/*", false},
    {"star_alone", {"PutObject"}, "*", false},
    {"bucket_is_the_device", {"PutObject"}, "{device}/*", true},
    {"bucket_with_device", {"PutObject"}, "fleet-{device}/*", true},
    {"bucket_variable_and_more", {"PutObject"}, "{bucket}x/*", false},
    {"more_and_bucket_variable", {"PutObject"}, "x{bucket}/*", false},
    {"bucket_variable_in_key", {"PutObject"}, "fleet/{bucket}/*", false},
    {"other_variable", {"PutObject"}, "fleet/{user}/*", false},
    {"variable_in_capitals", {"PutObject"}, "fleet/{DEVICE}/*", false},
    {"variable_not_closed", {"PutObject"}, "fleet/{device", false},
    {"variable_twice", {"PutObject"}, "fleet/{device}/{device}/*", true},
    {"brace_in_brace", {"PutObject"}, "fleet/{{device}}/*", false},
};

class FaultOf : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultOf, names_what_is_no_rule) {
    const auto fault = fault_of({GetParam().actions, GetParam().on});
    EXPECT_EQ(!fault, GetParam().sound) << fault.value_or("");
}
INSTANTIATE_TEST_SUITE_P(table, FaultOf, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

constexpr const char* allowed = "";
constexpr const char* wrong_prefix = "wrong_prefix";
constexpr const char* action_denied = "action_denied";

struct AuthorizeCase {
    const char* name;
    const char* on;
    const char* device;
    const char* action;
    s3::ObjectAddress address;
    const char* verdict;
};

/// The rule allows PutObject and GetObject on `on`.
const AuthorizeCase authorize_cases[] = {
    {"own_prefix", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "A1B2/log.mf4"}, allowed},
    {"own_prefix_deeper", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "A1B2/a/b"}, allowed},
    {"own_prefix_itself", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "A1B2/"}, allowed},
    {"prefix_without_slash", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "A1B2"}, wrong_prefix},
    {"other_device", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "FFFF/log"}, wrong_prefix},
    {"longer_name", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "A1B20/log"}, wrong_prefix},
    {"shorter_name", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "A1B/log"}, wrong_prefix},
    {"other_case", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "a1b2/log"}, wrong_prefix},
    {"behind_another", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", "FFFF/A1B2/log"}, wrong_prefix},
    {"other_bucket", "fleet/{device}/*", "A1B2", "PutObject", {"fleets", "A1B2/log"}, wrong_prefix},
    {"bucket_alone", "fleet/{device}/*", "A1B2", "PutObject", {"fleet", ""}, wrong_prefix},
    {"action_not_listed", "fleet/{device}/*", "A1B2", "DeleteObject", {"fleet", "A1B2/x"}, action_denied},
    {"unknown_action", "fleet/{device}/*", "A1B2", "Unknown", {"fleet", "A1B2/x"}, action_denied},
    {"star_crosses_slashes", "fleet/*/log", "A1B2", "PutObject", {"fleet", "a/b/c/log"}, allowed},
    {"star_needs_the_end", "fleet/*/log", "A1B2", "PutObject", {"fleet", "a/b/c/logs"}, wrong_prefix},
    {"star_backs_up", "fleet/*ab*c", "A1B2", "PutObject", {"fleet", "aabababxc"}, allowed},
    {"star_finds_nothing", "fleet/*ab*c", "A1B2", "PutObject", {"fleet", "aaxbxbc"}, wrong_prefix},
    {"star_is_not_text_of_a_key", "fleet/a", "A1B2", "PutObject", {"fleet", "*"}, wrong_prefix},
    {"star_stays_in_its_bucket", "fleet/*", "A1B2", "PutObject", {"fleet2", "fleet/x"}, wrong_prefix},
    {"question_mark_is_itself", "fleet/?", "A1B2", "PutObject", {"fleet", "a"}, wrong_prefix},
    {"variable_in_the_middle", "fleet/x-{device}-y", "A1B2", "PutObject", {"fleet", "x-A1B2-y"}, allowed},
    {"variable_twice", "fleet/{device}/{device}", "A1", "PutObject", {"fleet", "A1/A2"}, wrong_prefix},
    {"device_named_as_variable", "fleet/{device}", "{device}", "PutObject", {"fleet", "A1"}, wrong_prefix},
    {"bucket_of_the_device", "{device}/*", "a1b2", "PutObject", {"a1b2", "x"}, allowed},
    {"bucket_of_another", "{device}/*", "a1b2", "PutObject", {"a1b3", "x"}, wrong_prefix},
    {"any_bucket", "{bucket}/{device}/*", "A1B2", "PutObject", {"fleet2", "A1B2/x"}, allowed},
    {"any_bucket_other_device", "{bucket}/{device}/*", "A1", "PutObject", {"fleet2", "A2/x"}, wrong_prefix},
    {"any_bucket_is_no_key", "{bucket}/{device}/*", "A1", "PutObject", {"fleet", "x/A1/y"}, wrong_prefix},
};

class Authorize : public testing::TestWithParam<AuthorizeCase> {};

TEST_P(Authorize, allows_what_a_rule_names_and_nothing_else) {
    const AuthorizeCase& row = GetParam();
    const Policy policy{{{{"PutObject", "GetObject"}, row.on}}};
    ASSERT_EQ(fault_of(policy.rules.front()), std::nullopt);
    const auto denial = authorize(policy, device(row.device), {row.action, row.address});
    EXPECT_EQ(denial ? to_string(denial->reason) : "", row.verdict);
    if (denial) {
        EXPECT_EQ(denial->status, 403U);
        EXPECT_EQ(denial->s3_code, "AccessDenied");
        EXPECT_EQ(denial->message.find(row.address.bucket), std::string_view::npos) << "the client learns it";
    }
}
INSTANTIATE_TEST_SUITE_P(table, Authorize, testing::ValuesIn(authorize_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Authorize, denies_by_default) {
    const auto denial = authorize({}, device("A1"), {"GetObject", {"fleet", "A1/x"}});
    ASSERT_TRUE(denial);
    EXPECT_EQ(denial->reason, Reason::action_denied);
}

TEST(Authorize, takes_any_rule) {
    const Policy policy{{{{"GetObject"}, "fleet/public/*"}, {{"PutObject"}, "fleet/{device}/*"}}};
    EXPECT_FALSE(authorize(policy, device("A1"), {"GetObject", {"fleet", "public/fw.bin"}}));
    EXPECT_FALSE(authorize(policy, device("A1"), {"PutObject", {"fleet", "A1/x"}}));
    EXPECT_TRUE(authorize(policy, device("A1"), {"GetObject", {"fleet", "A1/x"}}))
        << "halves of two rules are none";
}

TEST(Authorize, wants_every_further_action_allowed_too) {
    const S3Operation upload{"PutObject", {"fleet", "A1/x"}, {"PutObjectAcl", "PutObjectTagging"}};
    const auto allows = [&](std::vector<std::string> actions, const char* on) {
        return !authorize({{{{"PutObject"}, "fleet/*"}, {std::move(actions), on}}}, device("A1"), upload);
    };
    EXPECT_TRUE(allows({"PutObjectAcl", "PutObjectTagging"}, "fleet/{device}/*"));
    EXPECT_FALSE(allows({"PutObjectAcl"}, "fleet/{device}/*"));
    EXPECT_FALSE(allows({"PutObjectTagging"}, "fleet/{device}/*"));
    EXPECT_FALSE(allows({"PutObjectAcl", "PutObjectTagging"}, "fleet/other/*"));
    EXPECT_TRUE(
        authorize({{{{"*"}, "fleet/*"}}}, device("A1"), {"PutObject", {"fleet", "A1/x"}, {unknown_action}}));
}

TEST(Authorize, never_allows_what_it_cannot_name) {
    const Policy everything{{{{"*"}, "fleet/*"}}};
    EXPECT_FALSE(authorize(everything, device("A1"), {"PutBucketPolicy", {"fleet", ""}}));
    EXPECT_TRUE(authorize(everything, device("A1"), {unknown_action, {"fleet", "A1/x"}}));
}

struct DefaultCase {
    const char* name;
    const char* action;
    const char* key;
    bool allowed;
};
const DefaultCase default_cases[] = {
    {"put", "PutObject", "A1/x", true},
    {"get", "GetObject", "A1/x", true},
    {"head", "HeadObject", "A1/x", true},
    {"get_of_another", "GetObject", "A2/x", false},
    {"delete", "DeleteObject", "A1/x", false},
    {"copy", "CopyObject", "A1/x", false},
    {"copy_part", "UploadPartCopy", "A1/x", false},
    {"put_acl", "PutObjectAcl", "A1/x", false},
    {"list", "ListObjectsV2", "", false},
    {"delete_many", "DeleteObjects", "", false},
};

class DefaultPolicy : public testing::TestWithParam<DefaultCase> {};

TEST_P(DefaultPolicy, is_the_devices_own_prefix) {
    const auto denial =
        authorize(default_policy(), device("A1"), {GetParam().action, {"fleet", GetParam().key}});
    EXPECT_EQ(!denial, GetParam().allowed);
}
INSTANTIATE_TEST_SUITE_P(table, DefaultPolicy, testing::ValuesIn(default_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DefaultPolicy, is_sound) {
    for (const PolicyRule& rule : default_policy().rules)
        EXPECT_EQ(fault_of(rule), std::nullopt);
}

// ---- clients of which nothing is known but their credentials ---------------------------------------

TEST(Authorize, keeps_devices_and_credentials_apart) {
    const Policy policy{
        {{{"PutObject"}, "fleet/{device}/*"}, {{"GetObject"}, "fleet/public/*", ClientKind::credentials}}};
    const auto may = [&](Client client, std::string_view action, const char* key) {
        return !authorize(policy, client, {action, {"fleet", key}});
    };
    EXPECT_TRUE(may(device("A1"), "PutObject", "A1/x"));
    EXPECT_FALSE(may(device("A1"), "GetObject", "public/x"))
        << "a device gains nothing from the other's rules";
    EXPECT_TRUE(may(Client{}, "GetObject", "public/x"));
    EXPECT_FALSE(may(Client{}, "PutObject", "A1/x"));
    EXPECT_FALSE(may(Client{}, "PutObject", "/x")) << "nobody is not a device without a name";
    EXPECT_FALSE(may(Client{}, "PutObject", "{device}/x"));
    EXPECT_TRUE(authorize(default_policy(), Client{}, {"GetObject", {"fleet", "x"}}).has_value());
}

TEST(Authorize, keeps_operators_apart_from_devices) {
    const Policy policy{{{{"PutObject"}, "fleet/{device}/*"}, {{"*"}, "fleet/*", ClientKind::operators}}};
    const Client person{ClientKind::operators, "A1"};
    EXPECT_FALSE(authorize(policy, person, {"DeleteObject", {"fleet", "A2/x"}}));
    EXPECT_TRUE(authorize(policy, device("A1"), {"DeleteObject", {"fleet", "A1/x"}}));
    EXPECT_TRUE(authorize(default_policy(), person, {"GetObject", {"fleet", "A1/x"}}))
        << "their name is no prefix";
}

TEST(PolicyRule, for_credentials_names_no_device) {
    EXPECT_TRUE(fault_of({{"PutObject"}, "fleet/{device}/*", ClientKind::credentials}));
    EXPECT_FALSE(fault_of({{"PutObject"}, "fleet/*", ClientKind::credentials}));
}

}  // namespace
}  // namespace sallyport::gateway
