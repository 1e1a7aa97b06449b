#include "gateway/rules/policy.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

const PolicyRule everything{{"*"}, "fleet/*"};

PolicyRule denied(std::vector<std::string> actions, const char* on) {
    PolicyRule rule{std::move(actions), on};
    rule.effect = Effect::deny;
    return rule;
}

struct DenyCase {
    const char* name;
    const char* denied;  ///< on fleet/secret/*
    const char* action;
    s3::ObjectAddress address;
    bool allowed;
};

/// Everything else in the bucket is allowed.
const DenyCase deny_cases[] = {
    {"there", "GetObject", "GetObject", {"fleet", "secret/x"}, false},
    {"elsewhere", "GetObject", "GetObject", {"fleet", "secrets/x"}, true},
    {"other_action", "GetObject", "PutObject", {"fleet", "secret/x"}, true},
    {"every_action", "*", "PutObject", {"fleet", "secret/x"}, false},
    {"every_action_elsewhere", "*", "PutObject", {"fleet", "x"}, true},
    {"read_by_select", "GetObject", "SelectObjectContent", {"fleet", "secret/x"}, false},
    {"read_by_torrent", "GetObject", "GetObjectTorrent", {"fleet", "secret/x"}, false},
    {"head_is_no_read", "GetObject", "HeadObject", {"fleet", "secret/x"}, true},
    {"write_by_copy", "PutObject", "CopyObject", {"fleet", "secret/x"}, false},
    {"write_by_copy_elsewhere", "PutObject", "CopyObject", {"fleet", "x"}, true},
    {"write_by_multipart", "PutObject", "CreateMultipartUpload", {"fleet", "secret/x"}, false},
    {"write_by_part", "PutObject", "UploadPart", {"fleet", "secret/x"}, false},
    {"write_by_copied_part", "PutObject", "UploadPartCopy", {"fleet", "secret/x"}, false},
    {"write_by_completion", "PutObject", "CompleteMultipartUpload", {"fleet", "secret/x"}, false},
    {"abort_is_no_write", "PutObject", "AbortMultipartUpload", {"fleet", "secret/x"}, true},
    {"copy_alone", "CopyObject", "PutObject", {"fleet", "secret/x"}, true},
    {"delete_one", "DeleteObject", "DeleteObject", {"fleet", "secret/x"}, false},
    {"delete_many", "DeleteObject", "DeleteObjects", {"fleet", ""}, false},
    {"delete_many_where_all_is_denied", "*", "DeleteObjects", {"fleet", ""}, false},
    {"delete_many_but_reads_are_denied", "GetObject", "DeleteObjects", {"fleet", ""}, true},
    {"list_is_of_the_bucket", "*", "ListObjectsV2", {"fleet", ""}, true},
};

class Deny : public testing::TestWithParam<DenyCase> {};

TEST_P(Deny, wins_wherever_it_stands) {
    const PolicyRule rule = denied({GetParam().denied}, "fleet/secret/*");
    ASSERT_EQ(fault_of(rule), std::nullopt);
    for (const Policy& policy : {Policy{{everything, rule}}, Policy{{rule, everything}}}) {
        const auto denial =
            authorize(policy, {ClientKind::devices, "A1"}, {GetParam().action, GetParam().address});
        EXPECT_EQ(!denial, GetParam().allowed);
        if (denial) {
            EXPECT_EQ(denial->reason, Reason::action_denied);
        }
    }
}
INSTANTIATE_TEST_SUITE_P(table, Deny, testing::ValuesIn(deny_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Deny, of_one_list_is_of_each) {
    for (const char* rule : {"ListObjects", "ListObjectsV2"}) {
        const Policy policy{{everything, denied({rule}, "fleet/")}};
        for (const char* action : {"ListObjects", "ListObjectsV2", "ListObjectVersions"})
            EXPECT_TRUE(authorize(policy, {ClientKind::devices, "A1"}, {action, {"fleet", ""}}));
        EXPECT_FALSE(authorize(policy, {ClientKind::devices, "A1"}, {"HeadBucket", {"fleet", ""}}));
    }
}

TEST(Deny, allows_nothing) {
    const Policy policy{{denied({"GetObject"}, "fleet/secret/*")}};
    const auto denial = authorize(policy, {ClientKind::devices, "A1"}, {"GetObject", {"fleet", "x"}});
    ASSERT_TRUE(denial);
    EXPECT_EQ(denial->reason, Reason::action_denied);
}

TEST(Deny, is_of_a_copy_source_too) {
    const Policy policy{{everything, denied({"GetObject"}, "fleet/secret/*")}};
    S3Operation copy{"CopyObject", {"fleet", "x"}};
    copy.copy_source = {"fleet", "public/x"};
    EXPECT_FALSE(authorize(policy, {ClientKind::devices, "A1"}, copy));
    copy.copy_source = {"fleet", "secret/x"};
    EXPECT_TRUE(authorize(policy, {ClientKind::devices, "A1"}, copy));
}

TEST(Deny, is_of_further_actions_too) {
    const Policy policy{{everything, denied({"PutObjectAcl"}, "fleet/*")}};
    const auto put = [&](std::vector<std::string_view> further) {
        return authorize(policy, {ClientKind::devices, "A1"},
                         {"PutObject", {"fleet", "x"}, std::move(further)});
    };
    EXPECT_FALSE(put({}));
    EXPECT_FALSE(put({"PutObjectTagging"}));
    EXPECT_TRUE(put({"PutObjectAcl"}));
}

TEST(Deny, of_the_own_prefix_concerns_each_device_alone) {
    const Policy policy{{everything, denied({"PutObject"}, "fleet/{device}/firmware.bin")}};
    const S3Operation put{"PutObject", {"fleet", "A1/firmware.bin"}};
    EXPECT_TRUE(authorize(policy, {ClientKind::devices, "A1"}, put));
    EXPECT_FALSE(authorize(policy, {ClientKind::devices, "A2"}, put));
}

// ---- keys in doubt ----------------------------------------------------------------------------------

struct DoubtCase {
    const char* name;
    std::vector<PolicyRule> rules;
    const char* target;
    bool allowed;
};
const DoubtCase doubt_cases[] = {
    {"whole_bucket", {everything}, "/fleet/A1//x", true},
    {"whole_bucket_encoded_twice", {everything}, "/fleet/50%2520off", true},
    {"whole_of_any_bucket", {{{"*"}, "{bucket}/*"}}, "/fleet/A1//x", true},
    {"the_action_on_the_whole_bucket", {{{"GetObject"}, "fleet/*"}}, "/fleet//x", true},
    {"another_action", {{{"PutObject"}, "fleet/*"}}, "/fleet/A1//x", false},
    {"another_bucket", {{{"*"}, "other/*"}}, "/fleet/A1//x", false},
    {"own_prefix", {{{"*"}, "fleet/{device}/*"}}, "/fleet/A1//x", false},
    {"a_prefix", {{{"*"}, "fleet/A1/*"}}, "/fleet/A1//x", false},
    {"a_prefix_that_only_looks_whole", {{{"*"}, "fleet/*/*"}}, "/fleet/A1//x", false},
    {"an_end", {{{"*"}, "fleet/*x"}}, "/fleet/A1//x", false},
    {"denied_elsewhere", {everything, denied({"GetObject"}, "fleet/secret/*")}, "/fleet/A1//x", false},
    {"denied_in_another_bucket", {everything, denied({"GetObject"}, "other/*")}, "/fleet/A1//x", true},
    {"another_action_denied", {everything, denied({"PutObject"}, "fleet/*")}, "/fleet/A1//x", true},
    {"dot_segments", {everything}, "/fleet/A1/../../other/x", false},
    {"dot_segments_encoded_twice", {everything}, "/fleet/%252e%252e/other/x", false},
    {"the_bucket_itself", {everything}, "/fleet//", false},
};

class Doubt : public testing::TestWithParam<DoubtCase> {};

TEST_P(Doubt, is_for_those_who_may_do_it_to_every_key) {
    const auto operation = classify({"GET", GetParam().target, 11, {}});
    const auto denial = operation ? authorize({GetParam().rules}, {ClientKind::devices, "A1"}, *operation)
                                  : std::optional(operation.error());
    EXPECT_EQ(!denial, GetParam().allowed);
    if (denial) {
        EXPECT_EQ(denial->reason, Reason::ambiguous_path);
    }
}
INSTANTIATE_TEST_SUITE_P(table, Doubt, testing::ValuesIn(doubt_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Doubt, about_a_copy_source_is_judged_alone) {
    const PolicyRule own{{"CopyObject", "GetObject"}, "fleet/{device}/*"};
    const PolicyRule reads{{"GetObject"}, "public/*"};
    const auto copy = [&](const char* source) {
        const auto operation = classify({"PUT", "/fleet/A1/to", 11, {{"x-amz-copy-source", source}}});
        return authorize({{own, reads}}, {ClientKind::devices, "A1"}, operation.value());
    };
    EXPECT_FALSE(copy("fleet/A1/x"));
    EXPECT_TRUE(copy("fleet/A1//x"));
    EXPECT_FALSE(copy("public/A1//x"));
}

// ---- devices and listeners --------------------------------------------------------------------------

struct ScopeCase {
    const char* name;
    std::vector<std::string> devices;
    std::vector<std::string> listeners;
    const char* device;
    const char* listener;
    bool applies;
};
const ScopeCase scope_cases[] = {
    {"none", {}, {}, "A1", "new", true},
    {"device", {"A1"}, {}, "A1", "new", true},
    {"other_device", {"A1"}, {}, "A2", "new", false},
    {"longer_device", {"A1"}, {}, "A11", "new", false},
    {"one_of_two_devices", {"A1", "A2"}, {}, "A2", "new", true},
    {"none_of_two_devices", {"A1", "A2"}, {}, "A3", "new", false},
    {"device_pattern", {"A*"}, {}, "A1", "new", true},
    {"device_pattern_other", {"A*"}, {}, "B1", "new", false},
    {"device_pattern_within", {"A*9"}, {}, "A129", "new", true},
    {"device_pattern_within_other", {"A*9"}, {}, "A128", "new", false},
    {"every_device", {"*"}, {}, "A1", "new", true},
    {"listener", {}, {"new"}, "A1", "new", true},
    {"other_listener", {}, {"new"}, "A1", "old", false},
    {"longer_listener", {}, {"new"}, "A1", "newer", false},
    {"unknown_listener", {}, {"new"}, "A1", "", false},
    {"one_of_two_listeners", {}, {"new", "old"}, "A1", "old", true},
    {"both", {"A1"}, {"new"}, "A1", "new", true},
    {"both_but_the_listener", {"A1"}, {"new"}, "A1", "old", false},
    {"both_but_the_device", {"A1"}, {"new"}, "A2", "new", false},
};

class Scope : public testing::TestWithParam<ScopeCase> {};

TEST_P(Scope, narrows_what_is_allowed_and_what_is_denied) {
    const ScopeCase& row = GetParam();
    PolicyRule rule = everything;
    rule.devices = row.devices;
    rule.listeners = row.listeners;
    ASSERT_EQ(fault_of(rule), std::nullopt);
    const Client client{ClientKind::devices, row.device, row.listener};
    const S3Operation put{"PutObject", {"fleet", "x"}};
    EXPECT_EQ(!authorize({{rule}}, client, put), row.applies);
    rule.effect = Effect::deny;
    EXPECT_EQ(!authorize({{everything, rule}}, client, put), !row.applies);
}
INSTANTIATE_TEST_SUITE_P(table, Scope, testing::ValuesIn(scope_cases),
                         [](const auto& row) { return row.param.name; });

// ---- lists ------------------------------------------------------------------------------------------

struct ListCase {
    const char* name;
    const char* pattern;
    std::optional<std::string> prefix;
    bool allowed;
};
const ListCase list_cases[] = {
    {"own", "{device}/*", "A1/", true},
    {"another", "{device}/*", "A2/", false},
    {"without_slash", "{device}/*", "A1", false},
    {"empty", "{device}/*", "", false},
    {"none", "{device}/*", std::nullopt, false},
    {"fixed", "public/*", "public/", true},
    {"fixed_deeper", "public/*", "public/x", true},
    {"fixed_another", "public/*", "private/", false},
    {"exactly", "public/", "public/", true},
    {"exactly_but_deeper", "public/", "public/x", false},
    {"dots", "public/*", "public/..x", true},
    {"parent", "public/*", "public/../private/", false},
    {"parent_at_the_end", "public/*", "public/..", false},
    {"control_byte", "public/*", "public/\n", false},
    {"not_utf8", "public/*", "public/\xFF", false},
};

class ListPrefix : public testing::TestWithParam<ListCase> {};

TEST_P(ListPrefix, confines_a_list) {
    PolicyRule rule{{"ListObjects", "ListObjectsV2"}, "fleet/"};
    rule.prefix = GetParam().pattern;
    ASSERT_EQ(fault_of(rule), std::nullopt);
    S3Operation list{"ListObjectsV2", {"fleet", ""}};
    list.prefix = GetParam().prefix;
    const auto denial = authorize({{rule}}, {ClientKind::devices, "A1"}, list);
    EXPECT_EQ(!denial, GetParam().allowed);
    if (denial) {
        EXPECT_EQ(denial->reason, Reason::wrong_prefix);
    }
}
INSTANTIATE_TEST_SUITE_P(table, ListPrefix, testing::ValuesIn(list_cases),
                         [](const auto& row) { return row.param.name; });

// ---- many keys in a body ----------------------------------------------------------------------------

TEST(DeleteObjects, needs_the_whole_bucket) {
    const auto may = [](const char* on) {
        return !authorize({{{{"*"}, on}}}, {ClientKind::devices, "A1"}, {"DeleteObjects", {"fleet", ""}});
    };
    EXPECT_TRUE(may("fleet/*"));
    EXPECT_TRUE(may("{bucket}/*"));
    EXPECT_FALSE(may("fleet/"));
    EXPECT_FALSE(may("fleet/**"));
    EXPECT_FALSE(may("fleet/{device}/*"));
    EXPECT_FALSE(may("fleet/A*"));
    EXPECT_FALSE(may("other/*"));
}

// ---- faults -----------------------------------------------------------------------------------------

struct RuleFaultCase {
    const char* name;
    PolicyRule rule;
    const char* fault;  ///< begins with it; empty = sound
};
const RuleFaultCase rule_fault_cases[] = {
    {"deny", {{"GetObject"}, "fleet/*", ClientKind::devices, Effect::deny}, ""},
    {"deny_nothing", {{}, "fleet/*", ClientKind::devices, Effect::deny}, "deny: name"},
    {"deny_unknown", {{"Get"}, "fleet/*", ClientKind::devices, Effect::deny}, "deny: 'Get'"},
    {"allow_by_name_of_iam",
     {{"ListBucket"}, "fleet/*"},
     "allow: 'ListBucket' is no S3 action; here it is ListObjects,"},
    {"deny_by_name_of_iam",
     {{"GetBucketCORS"}, "fleet/*", ClientKind::devices, Effect::deny},
     "deny: 'GetBucketCORS' is no S3 action; here it is GetBucketCors"},
    {"allow_with_service",
     {{"s3:PutObject"}, "fleet/*"},
     "allow: 's3:PutObject' is no S3 action; write it without"},
    {"allow_version", {{"GetObjectVersion"}, "fleet/{device}/*"}, ""},
    {"rename_many", {{"RenameObject"}, "fleet/*"}, ""},
    {"rename_on_keys",
     {{"RenameObject"}, "fleet/{device}/*"},
     "allow: the keys of DeleteObjects and RenameObject"},
    {"devices", {{"*"}, "fleet/*", ClientKind::devices, Effect::allow, {"A1", "B*"}}, ""},
    {"devices_variable", {{"*"}, "fleet/*", ClientKind::devices, Effect::allow, {"{device}"}}, "devices: '"},
    {"devices_empty", {{"*"}, "fleet/*", ClientKind::devices, Effect::allow, {""}}, "devices: '"},
    {"devices_of_operators",
     {{"*"}, "fleet/*", ClientKind::operators, Effect::allow, {"A1"}},
     "devices: only"},
    {"devices_of_credentials",
     {{"*"}, "fleet/*", ClientKind::credentials, Effect::allow, {"A1"}},
     "devices: only"},
    {"listeners_of_operators", {{"*"}, "fleet/*", ClientKind::operators, Effect::allow, {}, {"x"}}, ""},
    {"prefix", {{"ListObjects"}, "fleet/", ClientKind::devices, Effect::allow, {}, {}, "{device}/*"}, ""},
    {"prefix_on_all", {{"ListObjects"}, "fleet/*", ClientKind::devices, Effect::allow, {}, {}, "x/*"}, ""},
    {"prefix_on_keys",
     {{"ListObjects"}, "fleet/x/*", ClientKind::devices, Effect::allow, {}, {}, "x/*"},
     "when: a list is of a bucket"},
    {"prefix_of_every_action",
     {{"*"}, "fleet/", ClientKind::devices, Effect::allow, {}, {}, "x/*"},
     "when: prefix is known of"},
    {"prefix_of_another_action",
     {{"ListObjects", "HeadBucket"}, "fleet/", ClientKind::devices, Effect::allow, {}, {}, "x/*"},
     "when: prefix is known of"},
    {"prefix_denied",
     {{"ListObjects"}, "fleet/", ClientKind::devices, Effect::deny, {}, {}, "x/*"},
     "when: not with 'deny'"},
    {"prefix_variable",
     {{"ListObjects"}, "fleet/", ClientKind::devices, Effect::allow, {}, {}, "{user}/*"},
     "when: prefix: the variables"},
    {"prefix_of_operators",
     {{"ListObjects"}, "fleet/", ClientKind::operators, Effect::allow, {}, {}, "x/*"},
     ""},
    {"prefix_of_operators_with_device",
     {{"ListObjects"}, "fleet/", ClientKind::operators, Effect::allow, {}, {}, "{device}/*"},
     "when: only for devices"},
    {"delete_many", {{"DeleteObjects"}, "fleet/*"}, ""},
    {"delete_many_on_the_bucket", {{"DeleteObjects"}, "fleet/"}, "allow: the keys of DeleteObjects"},
    {"delete_many_on_keys", {{"DeleteObjects"}, "fleet/{device}/*"}, "allow: the keys of DeleteObjects"},
    {"delete_many_denied", {{"DeleteObjects"}, "fleet/x/*", ClientKind::devices, Effect::deny}, ""},
    {"digits_in_a_key", {{"*"}, "fleet/{digits:8}"}, ""},
    {"digits_in_a_bucket", {{"*"}, "fleet-{digits:2}/*"}, ""},
    {"no_digits", {{"*"}, "fleet/{digits:0}"}, "on: the variables"},
};

class RuleFault : public testing::TestWithParam<RuleFaultCase> {};

TEST_P(RuleFault, is_named) {
    const std::string fault = fault_of(GetParam().rule).value_or("");
    EXPECT_EQ(fault.substr(0, std::string_view(GetParam().fault).size()), GetParam().fault) << fault;
    EXPECT_EQ(fault.empty(), std::string_view(GetParam().fault).empty()) << fault;
}
INSTANTIATE_TEST_SUITE_P(table, RuleFault, testing::ValuesIn(rule_fault_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
