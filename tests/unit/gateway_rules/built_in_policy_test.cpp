#include "gateway/rules/built_in_policy.h"

#include "gateway/rules/device_concerned.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr const char* id = "AABBCCDD";

/// What a client of `policy` on bucket fleet hears: "" or the reason.
std::string verdict(BuiltIn policy, const Client& client, const RequestHead& head) {
    const Policy rules{rules_of(policy, "fleet", client.kind)};
    const auto operation = classify(head);
    if (!operation) return std::string(to_string(operation.error().reason));
    const auto denial = authorize(rules, client, *operation);
    return denial ? std::string(to_string(denial->reason)) : "";
}

struct BuiltInCase {
    const char* name;
    const char* method;
    const char* target;
    const char* verdict;
};
const auto case_name = [](const testing::TestParamInfo<BuiltInCase>& row) { return row.param.name; };

const BuiltInCase canedge_cases[] = {
    {"head_config", "HEAD", "/fleet/AABBCCDD/config-01.09.json", ""},
    {"get_config", "GET", "/fleet/AABBCCDD/config-01.09.json", ""},
    {"put_config", "PUT", "/fleet/AABBCCDD/config-01.09.json", ""},
    {"delete_config", "DELETE", "/fleet/AABBCCDD/config-01.09.json", "action_denied"},
    {"config_of_another", "GET", "/fleet/11223344/config-01.09.json", "wrong_prefix"},
    {"config_with_patch", "GET", "/fleet/AABBCCDD/config-01.09.01.json", "wrong_prefix"},
    {"config_without_digits", "GET", "/fleet/AABBCCDD/config-XX.XX.json", "wrong_prefix"},
    {"config_without_version", "GET", "/fleet/AABBCCDD/config.json", "wrong_prefix"},
    {"config_in_capitals", "GET", "/fleet/AABBCCDD/CONFIG-01.09.json", "wrong_prefix"},
    {"config_deeper", "PUT", "/fleet/AABBCCDD/x/config-01.09.json", "wrong_prefix"},
    {"config_and_more", "PUT", "/fleet/AABBCCDD/config-01.09.json.bak", "wrong_prefix"},
    {"config_at_the_root", "GET", "/fleet/config-01.09.json", "wrong_prefix"},
    {"put_schema", "PUT", "/fleet/AABBCCDD/schema-01.09.json", ""},
    {"head_schema", "HEAD", "/fleet/AABBCCDD/schema-01.09.json", ""},
    {"put_uischema", "PUT", "/fleet/AABBCCDD/uischema-01.09.json", "wrong_prefix"},
    {"put_device_file", "PUT", "/fleet/AABBCCDD/device.json", ""},
    {"get_device_file", "GET", "/fleet/AABBCCDD/device.json", ""},
    {"put_device_file_of_another", "PUT", "/fleet/11223344/device.json", "wrong_prefix"},
    {"put_device_file_of_another_bucket", "PUT", "/other/AABBCCDD/device.json", "wrong_prefix"},
    {"put_device_file_with_tags", "PUT", "/fleet/AABBCCDD/device.json?tagging", "action_denied"},
    {"device_file_acl", "GET", "/fleet/AABBCCDD/device.json?acl", "action_denied"},
    {"get_firmware", "GET", "/fleet/AABBCCDD/firmware.bin", ""},
    {"head_firmware", "HEAD", "/fleet/AABBCCDD/firmware.bin", ""},
    {"put_firmware", "PUT", "/fleet/AABBCCDD/firmware.bin", "wrong_prefix"},
    {"firmware_of_another", "GET", "/fleet/11223344/firmware.bin", "wrong_prefix"},
    {"firmware_of_another_name", "GET", "/fleet/AABBCCDD/firmware.bim", "wrong_prefix"},
    {"get_anchors", "GET", "/fleet/AABBCCDD/certs_server.p7b", ""},
    {"put_anchors", "PUT", "/fleet/AABBCCDD/certs_server.p7b", "wrong_prefix"},
    {"get_new_certificate", "GET", "/fleet/AABBCCDD/certs_device.p7b", ""},
    {"head_new_certificate", "HEAD", "/fleet/AABBCCDD/certs_device.p7b", ""},
    {"new_certificate_of_another", "GET", "/fleet/11223344/certs_device.p7b", "wrong_prefix"},
    {"put_own_certificate", "PUT", "/fleet/AABBCCDD/certs_device.p7b", "wrong_prefix"},
    {"get_key_of_certificate", "GET", "/fleet/AABBCCDD/certs_device.key", "wrong_prefix"},
    {"put_certificate_request", "PUT", "/fleet/AABBCCDD/device.csr", ""},
    {"head_certificate_request", "HEAD", "/fleet/AABBCCDD/device.csr", ""},
    {"put_certificate_request_for_another", "PUT", "/fleet/11223344/device.csr", "wrong_prefix"},
    {"put_certificate_request_deeper", "PUT", "/fleet/AABBCCDD/x/device.csr", "wrong_prefix"},
    {"get_certificate_request", "GET", "/fleet/AABBCCDD/device.csr", "wrong_prefix"},
    {"delete_certificate_request", "DELETE", "/fleet/AABBCCDD/device.csr", "action_denied"},
    {"put_log", "PUT", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MF4", ""},
    {"put_log_compressed", "PUT", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MFC", ""},
    {"put_log_encrypted", "PUT", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MFE", ""},
    {"put_log_both", "PUT", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MFM", ""},
    {"put_log_neither", "PUT", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MFX", "wrong_prefix"},
    {"put_log_lower_case", "PUT", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.mf4", "wrong_prefix"},
    {"put_log_lower_hex", "PUT", "/fleet/AABBCCDD/00000004/00000189-5e0be100.MF4", "wrong_prefix"},
    {"put_log_without_time", "PUT", "/fleet/AABBCCDD/00000004/00000189.MF4", "wrong_prefix"},
    {"put_log_hex_split", "PUT", "/fleet/AABBCCDD/00000004/0000018A-5E0BE100.MF4", "wrong_prefix"},
    {"put_log_short_session", "PUT", "/fleet/AABBCCDD/0000004/00000189-5E0BE100.MF4", "wrong_prefix"},
    {"put_log_long_session", "PUT", "/fleet/AABBCCDD/000000004/00000189-5E0BE100.MF4", "wrong_prefix"},
    {"put_log_below_log", "PUT", "/fleet/AABBCCDD/LOG/00000004/00000189-5E0BE100.MF4", "wrong_prefix"},
    {"put_log_of_another", "PUT", "/fleet/11223344/00000004/00000189-5E0BE100.MF4", "wrong_prefix"},
    {"get_log", "GET", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MF4", "wrong_prefix"},
    {"delete_log", "DELETE", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MF4", "action_denied"},
    {"begin_multipart", "POST", "/fleet/AABBCCDD/00000004/00000189-5E0BE100.MF4?uploads", "action_denied"},
    {"put_anything", "PUT", "/fleet/AABBCCDD/x", "wrong_prefix"},
    {"list", "GET", "/fleet?list-type=2&prefix=AABBCCDD/", "action_denied"},
    {"head_bucket", "HEAD", "/fleet", "action_denied"},
    {"list_buckets", "GET", "/", "action_denied"},
};

class CanedgeDevice : public testing::TestWithParam<BuiltInCase> {};

TEST_P(CanedgeDevice, may_do_what_its_firmware_does) {
    EXPECT_EQ(verdict(BuiltIn::canedge_device, {ClientKind::devices, id},
                      {GetParam().method, GetParam().target, 11, {}}),
              GetParam().verdict);
}
INSTANTIATE_TEST_SUITE_P(table, CanedgeDevice, testing::ValuesIn(canedge_cases), case_name);

const BuiltInCase owner_cases[] = {
    {"put", "PUT", "/fleet/AABBCCDD/a/b", ""},
    {"put_of_another", "PUT", "/fleet/11223344/a/b", "wrong_prefix"},
    {"get", "GET", "/fleet/AABBCCDD/a", ""},
    {"get_of_longer_name", "GET", "/fleet/AABBCCDD0/a", "wrong_prefix"},
    {"remove", "DELETE", "/fleet/AABBCCDD/a", ""},
    {"remove_of_another", "DELETE", "/fleet/11223344/a", "wrong_prefix"},
    {"remove_many", "POST", "/fleet?delete", "action_denied"},
    {"begin_multipart", "POST", "/fleet/AABBCCDD/a?uploads", ""},
    {"begin_multipart_elsewhere", "POST", "/fleet/a?uploads", "wrong_prefix"},
    {"part", "PUT", "/fleet/AABBCCDD/a?partNumber=1&uploadId=u", ""},
    {"part_of_another", "PUT", "/fleet/11223344/a?partNumber=1&uploadId=u", "wrong_prefix"},
    {"complete", "POST", "/fleet/AABBCCDD/a?uploadId=u", ""},
    {"complete_of_another", "POST", "/fleet/11223344/a?uploadId=u", "wrong_prefix"},
    {"abort", "DELETE", "/fleet/AABBCCDD/a?uploadId=u", ""},
    {"abort_of_another", "DELETE", "/fleet/11223344/a?uploadId=u", "wrong_prefix"},
    {"parts", "GET", "/fleet/AABBCCDD/a?uploadId=u", ""},
    {"tags", "PUT", "/fleet/AABBCCDD/a?tagging", ""},
    {"tags_of_another", "PUT", "/fleet/11223344/a?tagging", "wrong_prefix"},
    {"acl", "PUT", "/fleet/AABBCCDD/a?acl", "action_denied"},
    {"legal_hold", "PUT", "/fleet/AABBCCDD/a?legal-hold", "action_denied"},
    {"list_v2", "GET", "/fleet?list-type=2&prefix=AABBCCDD/", ""},
    {"list_v1", "GET", "/fleet?prefix=AABBCCDD/", ""},
    {"list_v1_paged", "GET", "/fleet?prefix=AABBCCDD/&marker=z&max-keys=9&delimiter=/", ""},
    {"list_v2_paged", "GET", "/fleet?list-type=2&prefix=AABBCCDD/&start-after=1&continuation-token=t", ""},
    {"list_deeper", "GET", "/fleet?list-type=2&prefix=AABBCCDD/00000004/0", ""},
    {"list_encoded", "GET", "/fleet?list-type=2&prefix=AABBCCDD%2F", ""},
    {"list_without_slash", "GET", "/fleet?list-type=2&prefix=AABBCCDD", "wrong_prefix"},
    {"list_shorter", "GET", "/fleet?list-type=2&prefix=AABB", "wrong_prefix"},
    {"list_all", "GET", "/fleet?list-type=2", "wrong_prefix"},
    {"list_all_v1", "GET", "/fleet", "wrong_prefix"},
    {"list_of_nothing", "GET", "/fleet?list-type=2&prefix=", "wrong_prefix"},
    {"list_of_another", "GET", "/fleet?list-type=2&prefix=11223344/", "wrong_prefix"},
    {"list_in_lower_case", "GET", "/fleet?list-type=2&prefix=aabbccdd/", "wrong_prefix"},
    {"list_with_slash_in_front", "GET", "/fleet?list-type=2&prefix=/AABBCCDD/", "wrong_prefix"},
    {"list_of_parent", "GET", "/fleet?list-type=2&prefix=AABBCCDD/../11223344/", "wrong_prefix"},
    {"list_of_parent_encoded", "GET", "/fleet?list-type=2&prefix=AABBCCDD/%2e%2e/11223344/", "wrong_prefix"},
    {"list_encoded_twice", "GET", "/fleet?list-type=2&prefix=AABBCCDD/%252e%252e/", "wrong_prefix"},
    {"list_with_empty_segment", "GET", "/fleet?list-type=2&prefix=AABBCCDD//", "wrong_prefix"},
    {"list_with_zero", "GET", "/fleet?list-type=2&prefix=AABBCCDD/%00", "wrong_prefix"},
    {"list_with_backslash", "GET", "/fleet?list-type=2&prefix=AABBCCDD/%5C", "wrong_prefix"},
    {"list_twice", "GET", "/fleet?list-type=2&prefix=AABBCCDD/&prefix=11223344/", "ambiguous_path"},
    {"list_other_bucket", "GET", "/other?list-type=2&prefix=AABBCCDD/", "wrong_prefix"},
    {"list_versions", "GET", "/fleet?versions&prefix=AABBCCDD/", "action_denied"},
    {"list_uploads", "GET", "/fleet?uploads&prefix=AABBCCDD/", ""},
    {"list_uploads_of_all", "GET", "/fleet?uploads", "wrong_prefix"},
    {"location", "GET", "/fleet?location", "action_denied"},
};

class PrefixOwner : public testing::TestWithParam<BuiltInCase> {};

TEST_P(PrefixOwner, may_do_everything_below_its_prefix) {
    EXPECT_EQ(verdict(BuiltIn::prefix_owner, {ClientKind::devices, id},
                      {GetParam().method, GetParam().target, 11, {}}),
              GetParam().verdict);
}
INSTANTIATE_TEST_SUITE_P(table, PrefixOwner, testing::ValuesIn(owner_cases), case_name);

TEST(PrefixOwner, copies_what_it_may_read) {
    const auto copy = [](const char* source, const char* target) {
        return verdict(BuiltIn::prefix_owner, {ClientKind::devices, id},
                       {"PUT", target, 11, {{"x-amz-copy-source", source}}});
    };
    for (const std::string query : {"", "?partNumber=1&uploadId=u"}) {
        const std::string own = "/fleet/AABBCCDD/to" + query;
        EXPECT_EQ(copy("/fleet/AABBCCDD/from", own.c_str()), "");
        EXPECT_EQ(copy("fleet/AABBCCDD/from", own.c_str()), "");
        EXPECT_EQ(copy("/fleet/11223344/from", own.c_str()), "wrong_prefix");
        EXPECT_EQ(copy("/other/AABBCCDD/from", own.c_str()), "wrong_prefix");
        EXPECT_EQ(copy("/fleet/AABBCCDD/../11223344/from", own.c_str()), "ambiguous_path");
        EXPECT_EQ(copy("/fleet/AABBCCDD/from", ("/fleet/11223344/to" + query).c_str()), "wrong_prefix");
    }
}

const BuiltInCase unrestricted_cases[] = {
    {"put", "PUT", "/fleet/x", ""},
    {"put_elsewhere", "PUT", "/other/x", "wrong_prefix"},
    {"list", "GET", "/fleet?list-type=2", ""},
    {"list_elsewhere", "GET", "/other?list-type=2", "wrong_prefix"},
    {"delete_many", "POST", "/fleet?delete", ""},
    {"delete_many_elsewhere", "POST", "/other?delete", "wrong_prefix"},
    {"acl", "PUT", "/fleet/x?acl", ""},
    {"remove_bucket", "DELETE", "/fleet", ""},
    {"buckets", "GET", "/", "wrong_prefix"},
    {"version", "GET", "/fleet/x?versionId=1", ""},
    {"unknown", "GET", "/fleet/x?version=1", "action_denied"},
};

class Unrestricted : public testing::TestWithParam<BuiltInCase> {};

TEST_P(Unrestricted, is_everything_in_one_bucket) {
    for (const ClientKind kind : {ClientKind::operators, ClientKind::credentials}) {
        EXPECT_EQ(
            verdict(BuiltIn::unrestricted, {kind, "jane"}, {GetParam().method, GetParam().target, 11, {}}),
            GetParam().verdict);
    }
}
INSTANTIATE_TEST_SUITE_P(table, Unrestricted, testing::ValuesIn(unrestricted_cases), case_name);

TEST(BuiltIn, rules_are_sound) {
    for (const BuiltIn policy : {BuiltIn::canedge_device, BuiltIn::prefix_owner, BuiltIn::unrestricted}) {
        for (const char* bucket : {"fleet", "{bucket}"}) {
            for (const PolicyRule& rule : rules_of(policy, bucket, ClientKind::devices))
                EXPECT_EQ(fault_of(rule), std::nullopt) << rule.on;
        }
    }
}

TEST(BuiltIn, is_for_some) {
    EXPECT_FALSE(fault_of(BuiltIn::canedge_device, ClientKind::devices));
    EXPECT_TRUE(fault_of(BuiltIn::canedge_device, ClientKind::credentials));
    EXPECT_FALSE(fault_of(BuiltIn::prefix_owner, ClientKind::devices));
    EXPECT_TRUE(fault_of(BuiltIn::prefix_owner, ClientKind::operators));
    EXPECT_FALSE(fault_of(BuiltIn::unrestricted, ClientKind::operators));
    EXPECT_FALSE(fault_of(BuiltIn::unrestricted, ClientKind::credentials));
    EXPECT_TRUE(fault_of(BuiltIn::unrestricted, ClientKind::devices));
}

TEST(BuiltIn, tells_whose_data_it_is) {
    const Policy canedge{rules_of(BuiltIn::canedge_device, "fleet", ClientKind::devices)};
    const Policy owner{rules_of(BuiltIn::prefix_owner, "{bucket}", ClientKind::devices)};
    const Identification identification({});
    const auto concerned = [&](const Policy& policy, const S3Operation& operation) {
        return devices_concerned(policy, identification, operation);
    };
    using Devices = std::vector<std::string_view>;
    const S3Operation put{"PutObject", {"fleet", "AABBCCDD/x"}};
    EXPECT_EQ(concerned(canedge, put), Devices{id});
    EXPECT_EQ(concerned(owner, put), Devices{id});
    S3Operation list{"ListObjects", {"fleet", ""}};
    EXPECT_EQ(concerned(owner, list), Devices{});
    list.prefix = "AABBCCDD/x";
    EXPECT_EQ(concerned(owner, list), Devices{id});
    EXPECT_EQ(concerned(canedge, list), Devices{});
    for (const Policy* policy : {&canedge, &owner}) {
        for (const PolicyRule& rule : policy->rules)
            EXPECT_EQ(fault_for_ramp(rule), std::nullopt) << rule.on;
    }
}

}  // namespace
}  // namespace sallyport::gateway
