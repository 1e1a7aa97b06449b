#include "gateway/rules/built_in_policy.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr const char* device = "AABBCCDD";
constexpr const char* allowed = "";

std::string verdict_of(const Policy& policy, const RequestHead& head) {
    const auto operation = classify(head, {"s3.example"});
    if (!operation) return std::string(to_string(operation.error().reason));
    const auto denial = authorize(policy, {ClientKind::devices, device}, *operation);
    return denial ? std::string(to_string(denial->reason)) : allowed;
}

struct RequestRow {
    const char* name;
    const char* method;
    const char* target;
    const char* verdict;
    HeaderField field = {"X", "1"};
};
const auto row_name = [](const testing::TestParamInfo<RequestRow>& row) { return row.param.name; };

/// What the owner of the prefix AABBCCDD/ of bucket fleet hears: no spelling of a path leads out of it.
const RequestRow prefix_rows[] = {
    {"own", "GET", "/fleet/AABBCCDD/x", allowed},
    {"own_with_letter_encoded", "GET", "/fleet/%41ABBCCDD/x", allowed},
    {"own_in_lower_case", "GET", "/fleet/aabbccdd/x", "wrong_prefix"},
    {"own_itself", "GET", "/fleet/AABBCCDD", "wrong_prefix"},
    {"own_as_folder", "PUT", "/fleet/AABBCCDD/", allowed},
    {"longer", "GET", "/fleet/AABBCCDD2/x", "wrong_prefix"},
    {"own_deeper", "GET", "/fleet/x/AABBCCDD/x", "wrong_prefix"},
    {"out_by_dots", "GET", "/fleet/AABBCCDD/../11223344/x", "ambiguous_path"},
    {"out_by_encoded_dots", "GET", "/fleet/AABBCCDD/%2E%2E/11223344/x", "ambiguous_path"},
    {"out_by_encoded_slashes", "GET", "/fleet/AABBCCDD/..%2F11223344%2Fx", "ambiguous_path"},
    {"out_by_backslashes", "GET", "/fleet/AABBCCDD/..%5C11223344%5Cx", "ambiguous_path"},
    {"out_by_double_encoding", "GET", "/fleet/AABBCCDD/%252E%252E/11223344/x", "ambiguous_path"},
    {"out_by_overlong_dots", "GET", "/fleet/AABBCCDD/%C0%AE%C0%AE/11223344/x", "ambiguous_path"},
    {"out_by_overlong_slash", "GET", "/fleet/AABBCCDD/..%C0%AF11223344/x", "ambiguous_path"},
    {"out_by_parameter", "GET", "/fleet/AABBCCDD/..;x=y/11223344/x", "ambiguous_path"},
    {"out_by_empty_segment", "GET", "/fleet//11223344/x", "ambiguous_path"},
    {"out_by_the_bucket", "GET", "/fleet/AABBCCDD/../../other/x", "ambiguous_path"},
    {"in_by_dots", "GET", "/fleet/11223344/../AABBCCDD/x", "ambiguous_path"},
    {"cut_by_zero_byte", "PUT", "/fleet/AABBCCDD/firmware.bin%00.txt", "ambiguous_path"},
    {"cut_by_line_end", "PUT", "/fleet/AABBCCDD/x%0D%0AHost:%20y", "ambiguous_path"},
    {"cut_by_question_mark_encoded", "PUT", "/fleet/AABBCCDD/x%3Facl", allowed},
    {"cut_by_number_sign_encoded", "PUT", "/fleet/AABBCCDD/x%23y", allowed},
    {"tilde", "GET", "/fleet/~AABBCCDD/x", "wrong_prefix"},
    {"other_bucket", "GET", "/other/AABBCCDD/x", "wrong_prefix"},
    {"no_bucket", "GET", "/AABBCCDD/x", "ambiguous_path"},
};
class Prefix : public testing::TestWithParam<RequestRow> {};

TEST_P(Prefix, has_no_way_out) {
    const Policy owner{rules_of(BuiltIn::prefix_owner, "fleet", ClientKind::devices)};
    EXPECT_EQ(verdict_of(owner, {GetParam().method, GetParam().target, 11, {GetParam().field}}),
              GetParam().verdict);
}
INSTANTIATE_TEST_SUITE_P(paths, Prefix, testing::ValuesIn(prefix_rows), row_name);

/// Queries and fields by which more is touched than the path says.
const RequestRow more_rows[] = {
    {"version", "GET", "/fleet/AABBCCDD/x?versionId=v", "action_denied"},
    {"version_of_another", "GET", "/fleet/11223344/x?versionId=v", "action_denied"},
    {"delete", "DELETE", "/fleet/AABBCCDD/x", allowed},
    {"delete_version", "DELETE", "/fleet/AABBCCDD/x?versionId=v", "action_denied"},
    {"delete_as_abort_without_upload", "DELETE", "/fleet/AABBCCDD/x?uploadId=", "action_denied"},
    {"abort", "DELETE", "/fleet/AABBCCDD/x?uploadId=u", allowed},
    {"put_part_without_upload", "PUT", "/fleet/AABBCCDD/x?partNumber=1", "action_denied"},
    {"annotation", "PUT", "/fleet/AABBCCDD/x?annotation&annotationName=n", "action_denied"},
    {"attributes", "GET", "/fleet/AABBCCDD/x?attributes", allowed},
    {"rename",
     "PUT",
     "/fleet/AABBCCDD/x?renameObject",
     "action_denied",
     {"x-amz-rename-source", "AABBCCDD/y"}},
    {"rename_without_query",
     "PUT",
     "/fleet/AABBCCDD/x",
     "action_denied",
     {"x-amz-rename-source", "AABBCCDD/y"}},
    {"copy_of_own", "PUT", "/fleet/AABBCCDD/x", allowed, {"x-amz-copy-source", "/fleet/AABBCCDD/y"}},
    {"copy_of_another",
     "PUT",
     "/fleet/AABBCCDD/x",
     "wrong_prefix",
     {"x-amz-copy-source", "/fleet/11223344/y"}},
    {"copy_by_dots",
     "PUT",
     "/fleet/AABBCCDD/x",
     "ambiguous_path",
     {"x-amz-copy-source", "/fleet/AABBCCDD/../11223344/y"}},
    {"copy_of_a_version",
     "PUT",
     "/fleet/AABBCCDD/x",
     "ambiguous_path",
     {"x-amz-copy-source", "/fleet/AABBCCDD/y?versionId=v"}},
    {"copy_in_the_query", "PUT", "/fleet/AABBCCDD/x?x-amz-copy-source=%2Ffleet%2F11223344%2Fy",
     "action_denied"},
    {"append", "PUT", "/fleet/AABBCCDD/x", allowed, {"x-amz-write-offset-bytes", "5"}},
    {"append_of_radosgw", "PUT", "/fleet/AABBCCDD/x?append&position=5", "action_denied"},
    {"public", "PUT", "/fleet/AABBCCDD/x", "action_denied", {"x-amz-acl", "public-read"}},
    {"tagged", "PUT", "/fleet/AABBCCDD/x", allowed, {"x-amz-tagging", "a=b"}},
    {"locked", "PUT", "/fleet/AABBCCDD/x", "action_denied", {"x-amz-object-lock-mode", "COMPLIANCE"}},
    {"other_method", "PUT", "/fleet/AABBCCDD/x", "action_denied", {"X-HTTP-Method-Override", "DELETE"}},
    {"other_url", "PUT", "/fleet/AABBCCDD/x", "action_denied", {"X-Rewrite-URL", "/fleet/11223344/x"}},
    {"list", "GET", "/fleet?prefix=AABBCCDD/", allowed},
    {"list_encoded", "GET", "/fleet?prefix=AABBCCDD%2F", allowed},
    {"list_encoded_twice", "GET", "/fleet?prefix=AABBCCDD%252F..", "wrong_prefix"},
    {"list_by_dots", "GET", "/fleet?prefix=AABBCCDD/../", "wrong_prefix"},
    {"list_of_all", "GET", "/fleet", "wrong_prefix"},
    {"list_of_two_prefixes", "GET", "/fleet?prefix=AABBCCDD/&prefix=", "ambiguous_path"},
    {"list_cut_by_semicolon", "GET", "/fleet?prefix=AABBCCDD/;prefix=", "ambiguous_path"},
    {"list_cut_by_zero_byte", "GET", "/fleet?prefix=AABBCCDD/%00", "wrong_prefix"},
    {"list_of_versions", "GET", "/fleet?versions&prefix=AABBCCDD/", "action_denied"},
    {"list_of_reports", "GET", "/fleet?inventory", "action_denied"},
    {"session", "GET", "/fleet?session", "action_denied"},
    {"delete_many", "POST", "/fleet?delete", "action_denied"},
    {"form", "POST", "/fleet", "action_denied"},
};
INSTANTIATE_TEST_SUITE_P(more_than_the_path, Prefix, testing::ValuesIn(more_rows), row_name);

/// The same below a virtual host.
const RequestRow host_rows[] = {
    {"own", "GET", "/AABBCCDD/x", allowed, {"Host", "fleet.s3.example"}},
    {"own_by_path", "GET", "/fleet/AABBCCDD/x", allowed, {"Host", "s3.example"}},
    {"own_of_another_bucket", "GET", "/AABBCCDD/x", "wrong_prefix", {"Host", "other.s3.example"}},
    {"another", "GET", "/11223344/x", "wrong_prefix", {"Host", "fleet.s3.example"}},
    {"path_style_in_path", "GET", "/other/AABBCCDD/x", "wrong_prefix", {"Host", "fleet.s3.example"}},
    {"bucket_twice", "GET", "/fleet/AABBCCDD/x", "ambiguous_path", {"Host", "fleet.s3.example"}},
    {"host_in_capitals", "GET", "/AABBCCDD/x", "ambiguous_path", {"Host", "FLEET.s3.example"}},
    {"host_in_two_labels", "GET", "/AABBCCDD/x", "ambiguous_path", {"Host", "other.fleet.s3.example"}},
    {"out_by_dots", "GET", "/AABBCCDD/../11223344/x", "ambiguous_path", {"Host", "fleet.s3.example"}},
    {"list", "GET", "/?prefix=AABBCCDD/", allowed, {"Host", "fleet.s3.example"}},
    {"list_of_all", "GET", "/", "wrong_prefix", {"Host", "fleet.s3.example"}},
    {"list_of_buckets", "GET", "/", "action_denied", {"Host", "s3.example"}},
};
INSTANTIATE_TEST_SUITE_P(virtual_hosts, Prefix, testing::ValuesIn(host_rows), row_name);

struct PolicyRow {
    const char* name;
    std::vector<std::string> allow;
    std::vector<std::string> deny;
    const char* request;
    bool allowed;
};

/// Neither a version nor another sub-resource gives more than the rule for the plain object.
const PolicyRow policy_rows[] = {
    {"version_by_plain_rule", {"GetObject"}, {}, "GET /fleet/AABBCCDD/x?versionId=v", false},
    {"version_by_version_rule", {"GetObjectVersion"}, {}, "GET /fleet/AABBCCDD/x?versionId=v", false},
    {"version_by_both", {"GetObject", "GetObjectVersion"}, {}, "GET /fleet/AABBCCDD/x?versionId=v", true},
    {"version_of_another", {"GetObject", "GetObjectVersion"}, {}, "GET /fleet/11223344/x?versionId=v", false},
    {"plain_by_version_rule", {"GetObjectVersion"}, {}, "GET /fleet/AABBCCDD/x", false},
    {"version_though_plain_is_denied", {"*"}, {"GetObject"}, "GET /fleet/AABBCCDD/x?versionId=v", false},
    {"version_though_denied", {"*"}, {"GetObjectVersion"}, "GET /fleet/AABBCCDD/x?versionId=v", false},
    {"plain_though_version_is_denied", {"*"}, {"GetObjectVersion"}, "GET /fleet/AABBCCDD/x", true},
    {"head_version_by_get",
     {"GetObject", "GetObjectVersion"},
     {},
     "HEAD /fleet/AABBCCDD/x?versionId=v",
     false},
    {"head_version", {"HeadObject", "GetObjectVersion"}, {}, "HEAD /fleet/AABBCCDD/x?versionId=v", true},
    {"delete_version_by_plain_rule", {"DeleteObject"}, {}, "DELETE /fleet/AABBCCDD/x?versionId=v", false},
    {"delete_version_by_both",
     {"DeleteObject", "DeleteObjectVersion"},
     {},
     "DELETE /fleet/AABBCCDD/x?versionId=v",
     true},
    {"delete_version_though_plain_is_denied",
     {"*"},
     {"DeleteObject"},
     "DELETE /fleet/AABBCCDD/x?versionId=v",
     false},
    {"delete_version_of_tags",
     {"DeleteObject", "DeleteObjectVersion"},
     {},
     "DELETE /fleet/AABBCCDD/x?tagging&versionId=v",
     false},
    {"acl_of_version_by_plain_rule", {"PutObjectAcl"}, {}, "PUT /fleet/AABBCCDD/x?acl&versionId=v", false},
    {"acl_of_version",
     {"PutObjectAcl", "PutObjectVersionAcl"},
     {},
     "PUT /fleet/AABBCCDD/x?acl&versionId=v",
     true},
    {"retention_of_version", {"GetObjectRetention"}, {}, "GET /fleet/AABBCCDD/x?retention&versionId=v", true},
    {"attributes_alone", {"GetObjectAttributes"}, {}, "GET /fleet/AABBCCDD/x?attributes", false},
    {"attributes", {"GetObjectAttributes", "GetObject"}, {}, "GET /fleet/AABBCCDD/x?attributes", true},
    {"annotation_alone",
     {"PutObjectAnnotation"},
     {},
     "PUT /fleet/AABBCCDD/x?annotation&annotationName=n",
     false},
    {"annotation",
     {"PutObjectAnnotation", "PutObject"},
     {},
     "PUT /fleet/AABBCCDD/x?annotation&annotationName=n",
     true},
    {"annotation_though_objects_are_denied",
     {"*"},
     {"PutObject"},
     "PUT /fleet/AABBCCDD/x?annotation&annotationName=n",
     false},
    {"abort_by_delete", {"DeleteObject"}, {}, "DELETE /fleet/AABBCCDD/x?uploadId=u", false},
    {"part_by_put", {"PutObject"}, {}, "PUT /fleet/AABBCCDD/x?partNumber=1&uploadId=u", false},
    {"unknown_by_all", {"*"}, {}, "GET /fleet/AABBCCDD/x?metadata=true", false},
    {"all", {"*"}, {}, "GET /fleet/AABBCCDD/x?acl", true},
};

class PlainRule : public testing::TestWithParam<PolicyRow> {};

TEST_P(PlainRule, bounds_what_versions_and_sub_resources_give) {
    Policy policy{{{GetParam().allow, "fleet/{device}/*"}}};
    if (!GetParam().deny.empty())
        policy.rules.push_back({GetParam().deny, "fleet/*", ClientKind::devices, Effect::deny});
    for (const PolicyRule& rule : policy.rules)
        ASSERT_EQ(fault_of(rule), std::nullopt);
    const std::string_view request = GetParam().request;
    const auto space = request.find(' ');
    const RequestHead head{request.substr(0, space), request.substr(space + 1), 11, {}};
    EXPECT_EQ(verdict_of(policy, head) == allowed, GetParam().allowed);
}
INSTANTIATE_TEST_SUITE_P(table, PlainRule, testing::ValuesIn(policy_rows),
                         [](const auto& row) { return row.param.name; });

TEST(Rename, needs_the_whole_bucket) {
    const auto may = [](const char* on, std::vector<std::string> deny) {
        Policy policy{{{{"*"}, on}}};
        if (!deny.empty()) policy.rules.push_back({deny, "fleet/x/*", ClientKind::devices, Effect::deny});
        return verdict_of(policy,
                          {"PUT", "/fleet/AABBCCDD/x?renameObject", 11, {{"x-amz-rename-source", "y"}}}) ==
               allowed;
    };
    EXPECT_TRUE(may("fleet/*", {}));
    EXPECT_FALSE(may("fleet/{device}/*", {}));
    EXPECT_FALSE(may("fleet/A*", {}));
    for (const auto* denied : {"PutObject", "GetObject", "DeleteObject", "RenameObject"})
        EXPECT_FALSE(may("fleet/*", {denied})) << denied;
    EXPECT_TRUE(may("fleet/*", {"GetObjectAcl"}));
}

}  // namespace
}  // namespace sallyport::gateway
