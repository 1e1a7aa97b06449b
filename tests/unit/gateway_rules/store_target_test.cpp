#include "gateway/rules/store_target.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

StoreAddressing addressing(bool is_mapped, bool virtual_hosted = false) {
    StoreAddressing made;
    made.host = "s3.example:9000";
    made.virtual_hosted = virtual_hosted;
    made.region = "eu-west-1";
    if (is_mapped) made.buckets = BucketMap({{"logs", "acme-logs", "eu/"}, {"all", "acme-all", ""}});
    return made;
}

/// Where a request leads: "HOST TARGET" and " name=value" for each field of ours; "!STATUS CODE" when it is
/// refused, "?" when it is not even an operation.
std::string led(const std::string& method, const std::string& target, const StoreAddressing& to,
                std::vector<HeaderField> fields = {}) {
    fields.push_back({"Host", "gate.example"});
    const RequestHead head{method, target, 11, std::move(fields)};
    const auto operation = classify(head);
    if (!operation) return "?";
    const auto led = target_in_store(head, *operation, to);
    if (!led) return "!" + std::to_string(led.error().status) + " " + std::string(led.error().s3_code);
    EXPECT_EQ(led->mapping, to.buckets.find(operation->address.bucket));
    std::string told = led->host + " " + led->target;
    for (const OwnField& field : led->fields)
        told += " " + field.name + "=" + field.value;
    return told;
}

struct TargetCase {
    const char* name;
    std::string request;  ///< method and target
    std::string led;
    std::vector<HeaderField> fields = {};
};

class LeadingTarget : public testing::TestWithParam<TargetCase> {
  protected:
    std::string led_to(const StoreAddressing& to) const {
        const std::string& request = GetParam().request;
        const auto blank = request.find(' ');
        return led(request.substr(0, blank), request.substr(blank + 1), to, GetParam().fields);
    }
};

const std::string store = "s3.example:9000 ";
const std::string denied = "!403 AccessDenied";

const TargetCase object_cases[] = {
    {"get", "GET /logs/a%20b.txt", store + "/acme-logs/eu/a%20b.txt"},
    {"spelled_anew", "GET /logs/%61/%7e%28x", store + "/acme-logs/eu/a/~%28x"},
    {"folder", "PUT /logs/a/", store + "/acme-logs/eu/a/"},
    {"prefix_again", "GET /logs/eu/a", store + "/acme-logs/eu/eu/a"},
    {"all_of_a_bucket", "GET /all/eu/a", store + "/acme-all/eu/a"},
    {"parameters_as_they_came", "GET /logs/k?partNumber=2&response-content-type=a%2fb%2Bc&versionId=v",
     store + "/acme-logs/eu/k?partNumber=2&response-content-type=a%2fb%2Bc&versionId=v"},
    {"without_a_value", "GET /logs/k?tagging", store + "/acme-logs/eu/k?tagging"},
    {"prefix_of_no_list", "GET /logs/k?uploadId=u&max-parts=3",
     store + "/acme-logs/eu/k?uploadId=u&max-parts=3"},
    {"empty_query", "GET /logs/k?", store + "/acme-logs/eu/k"},
    {"presigned",
     "GET /logs/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260301%2Fr%2Fs3%2Faws4_request&"
     "X-Amz-Date=20260301T120000Z&X-Amz-Expires=60&versionId=v&X-Amz-SignedHeaders=host&"
     "X-Amz-Security-Token=t&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Signature=00",
     store + "/acme-logs/eu/k?versionId=v"},
    {"presigned_only", "GET /logs/k?X-Amz-Date=20260301T120000Z&X-Amz-Signature=00",
     store + "/acme-logs/eu/k"},
    {"longest_key", "GET /logs/" + std::string(1'021, 'x'),
     store + "/acme-logs/eu/" + std::string(1'021, 'x')},
    {"longer_key", "GET /logs/" + std::string(1'022, 'x'), "!400 KeyTooLongError"},
    {"counted_decoded", "GET /logs/" + std::string(1'019, 'x') + "%C3%A9",
     store + "/acme-logs/eu/" + std::string(1'019, 'x') + "%C3%A9"},
    {"bucket_of_the_store", "GET /acme-logs/eu/k", "!404 NoSuchBucket"},
    {"bucket_of_nobody", "PUT /other/k", "!404 NoSuchBucket"},
    {"unknown", "GET /logs/k?foo", denied},
    {"restore", "POST /logs/k?restore", denied},
    {"rename", "PUT /logs/k?renameObject", denied, {{"x-amz-rename-source", "/logs/a"}}},
};
INSTANTIATE_TEST_SUITE_P(objects, LeadingTarget, testing::ValuesIn(object_cases),
                         [](const auto& row) { return row.param.name; });

const TargetCase bucket_cases[] = {
    {"list", "GET /logs", store + "/acme-logs?prefix=eu%2F"},
    {"list_with_slash", "GET /logs/", store + "/acme-logs?prefix=eu%2F"},
    {"list_prefix", "GET /logs?prefix=A1%2F&delimiter=%2f",
     store + "/acme-logs?prefix=eu%2FA1%2F&delimiter=%2f"},
    {"list_empty_prefix", "GET /logs?prefix=&max-keys=1", store + "/acme-logs?prefix=eu%2F&max-keys=1"},
    {"list_prefix_without_value", "GET /logs?prefix", store + "/acme-logs?prefix=eu%2F"},
    {"list_raw_slash", "GET /logs?prefix=A1/x", store + "/acme-logs?prefix=eu%2FA1%2Fx"},
    {"list_marker", "GET /logs?marker=m%20n", store + "/acme-logs?marker=eu%2Fm%20n&prefix=eu%2F"},
    {"list_empty_marker", "GET /logs?marker=&prefix=p", store + "/acme-logs?prefix=eu%2Fp"},
    {"list_marker_above", "GET /logs?marker=..%2Fus", store + "/acme-logs?marker=eu%2F..%2Fus&prefix=eu%2F"},
    {"list_v2", "GET /logs?list-type=2&start-after=s&prefix=p",
     store + "/acme-logs?list-type=2&start-after=eu%2Fs&prefix=eu%2Fp"},
    {"list_v2_key_token", "GET /logs?list-type=2&continuation-token=k%3Aa%2Fb%26",
     store + "/acme-logs?list-type=2&continuation-token=eu%2Fa%2Fb%26&prefix=eu%2F"},
    {"list_v2_opaque_token", "GET /logs?list-type=2&continuation-token=t%3A1%2B%2F%3D%3D",
     store + "/acme-logs?list-type=2&continuation-token=1%2B%2F%3D%3D&prefix=eu%2F"},
    {"list_v2_foreign_token", "GET /logs?list-type=2&continuation-token=eu%2Fa", "!400 InvalidRequest"},
    {"list_versions", "GET /logs?versions&key-marker=k&version-id-marker=v",
     store + "/acme-logs?versions&key-marker=eu%2Fk&version-id-marker=v&prefix=eu%2F"},
    {"list_uploads", "GET /logs?uploads&prefix=p&key-marker=k&upload-id-marker=u",
     store + "/acme-logs?uploads&prefix=eu%2Fp&key-marker=eu%2Fk&upload-id-marker=u"},
    {"list_above_the_prefix", "GET /logs?prefix=..%2Fus%2F", "!400 InvalidRequest"},
    {"list_empty_segment", "GET /logs?prefix=%2Fus", "!400 InvalidRequest"},
    {"list_all", "GET /all?prefix=a%2fb&marker=m", store + "/acme-all?prefix=a%2fb&marker=m"},
    {"list_all_token", "GET /all?list-type=2&continuation-token=x%3D",
     store + "/acme-all?list-type=2&continuation-token=x%3D"},
    {"list_of_the_store", "GET /acme-logs?prefix=eu%2F", "!404 NoSuchBucket"},
    {"head_bucket", "HEAD /logs", store + "/acme-logs"},
    {"location", "GET /logs?location", store + "/acme-logs?location"},
    {"delete_objects", "POST /logs?delete", store + "/acme-logs?delete"},
    {"create_a_part", "PUT /logs", "!409 BucketAlreadyOwnedByYou"},
    {"create_all", "PUT /all", store + "/acme-all"},
    {"create_another", "PUT /other", "!404 NoSuchBucket"},
    {"delete_a_part", "DELETE /logs", denied},
    {"delete_all", "DELETE /all", store + "/acme-all"},
    {"versioning_of_a_part", "PUT /logs?versioning", denied},
    {"versioning_of_all", "GET /all?versioning", store + "/acme-all?versioning"},
    {"policy_of_a_part", "PUT /logs?policy", denied},
    {"policy_of_all", "PUT /all?policy", denied},
    {"replication_of_all", "PUT /all?replication", denied},
    {"logging_of_all", "PUT /all?logging", denied},
    {"lifecycle_of_a_part", "PUT /logs?lifecycle", denied},
    {"session", "GET /all?session", denied},
    {"all_buckets", "GET /", denied},
    {"unknown", "GET /logs?foo", denied},
};
INSTANTIATE_TEST_SUITE_P(buckets, LeadingTarget, testing::ValuesIn(bucket_cases),
                         [](const auto& row) { return row.param.name; });

const std::string too_long_source = "/logs/" + std::string(1'022, 'x');
const TargetCase field_cases[] = {
    {"hoisted", "PUT /logs/k?x-amz-meta-a=b%20c&X-Amz-Date=d", store + "/acme-logs/eu/k x-amz-meta-a=b c"},
    {"hoisted_checksum", "PUT /logs/k?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32",
     store + "/acme-logs/eu/k x-amz-checksum-crc32=AAAAAA== x-amz-sdk-checksum-algorithm=CRC32"},
    {"hoisted_empty", "PUT /logs/k?x-amz-meta-a=", store + "/acme-logs/eu/k x-amz-meta-a="},
    {"line_end", "PUT /logs/k?x-amz-meta-a=b%0D%0AX-Evil%3A%201", "!400 InvalidRequest"},
    {"head_end", "PUT /logs/k?x-amz-meta-a=b%0D%0A%0D%0AGET%20/%20HTTP/1.1", "!400 InvalidRequest"},
    {"line_feed", "PUT /logs/k?x-amz-meta-a=b%0Ac", "!400 InvalidRequest"},
    {"carriage_return", "PUT /logs/k?x-amz-meta-a=b%0Dc", "!400 InvalidRequest"},
    {"zero_byte", "PUT /logs/k?x-amz-meta-a=b%00c", "!400 InvalidRequest"},
    {"delete_character", "PUT /logs/k?x-amz-meta-a=b%7F", "!400 InvalidRequest"},
    {"tab", "PUT /logs/k?x-amz-meta-a=b%09c", "!400 InvalidRequest"},
    {"utf8", "PUT /logs/k?x-amz-meta-a=%C3%A9", "!400 InvalidRequest"},
    {"blank_in_front", "PUT /logs/k?x-amz-meta-a=%20b", "!400 InvalidRequest"},
    {"blank_behind", "PUT /logs/k?x-amz-meta-a=b%20", "!400 InvalidRequest"},
    {"in_the_name", "PUT /logs/k?x-amz-meta-a%0D%0AX-Evil=1", "?"},
    {"field_too", "PUT /logs/k?x-amz-meta-a=b", "!400 InvalidRequest", {{"X-Amz-Meta-A", "c"}}},
    {"copy",
     "PUT /logs/k",
     store + "/acme-logs/eu/k x-amz-copy-source=/acme-logs/eu/a%20b",
     {{"x-amz-copy-source", "/logs/a%20b"}}},
    {"copy_without_slash",
     "PUT /logs/k",
     store + "/acme-logs/eu/k x-amz-copy-source=/acme-logs/eu/a",
     {{"X-Amz-Copy-Source", "logs/a"}}},
    {"copy_from_another",
     "PUT /logs/k",
     store + "/acme-logs/eu/k x-amz-copy-source=/acme-all/x",
     {{"x-amz-copy-source", "all/x"}}},
    {"copy_of_a_part",
     "PUT /all/k?partNumber=1&uploadId=u",
     store + "/acme-all/k?partNumber=1&uploadId=u x-amz-copy-source=/acme-logs/eu/a",
     {{"x-amz-copy-source", "logs/a"}}},
    {"copy_from_the_store", "PUT /logs/k", "!404 NoSuchBucket", {{"x-amz-copy-source", "/acme-logs/eu/a"}}},
    {"copy_too_long", "PUT /logs/k", "!400 KeyTooLongError", {{"x-amz-copy-source", too_long_source}}},
};
INSTANTIATE_TEST_SUITE_P(fields, LeadingTarget, testing::ValuesIn(field_cases),
                         [](const auto& row) { return row.param.name; });

TEST_P(LeadingTarget, has_the_names_of_the_store) {
    EXPECT_EQ(led_to(addressing(true)), GetParam().led);
}

class OwnNames : public LeadingTarget {};

const TargetCase unmapped_cases[] = {
    {"object", "GET /logs/a%20b", store + "/logs/a%20b"},
    {"list", "GET /logs?prefix=a%2fb&marker=m", store + "/logs?prefix=a%2fb&marker=m"},
    {"list_above", "GET /logs?prefix=..%2F", store + "/logs?prefix=..%2F"},
    {"token", "GET /logs?list-type=2&continuation-token=x%3D",
     store + "/logs?list-type=2&continuation-token=x%3D"},
    {"all_buckets", "GET /", store + "/"},
    {"policy", "PUT /logs?policy", store + "/logs?policy"},
    {"create", "PUT /logs", store + "/logs"},
    {"restore", "POST /logs/k?restore", store + "/logs/k?restore"},
    {"presigned", "GET /logs/k?X-Amz-Signature=00&partNumber=1", store + "/logs/k?partNumber=1"},
    {"copy",
     "PUT /logs/k",
     store + "/logs/k x-amz-copy-source=/other/a%20b",
     {{"x-amz-copy-source", "other/a%20b"}}},
    {"longest_key", "GET /logs/" + std::string(1'024, 'x'), store + "/logs/" + std::string(1'024, 'x')},
    {"session", "GET /logs?session", denied},
    {"admin_of_radosgw", "GET /admin/user", denied},
    {"admin_alone", "PUT /admin", denied},
    {"minio", "GET /minio/health/live", denied},
    {"swift", "GET /swift/v1", denied},
    {"begins_like_admin", "GET /admin2/k", store + "/admin2/k"},
};
INSTANTIATE_TEST_SUITE_P(table, OwnNames, testing::ValuesIn(unmapped_cases),
                         [](const auto& row) { return row.param.name; });

TEST_P(OwnNames, stay_without_mappings) {
    EXPECT_EQ(led_to(addressing(false)), GetParam().led);
}

class VirtualHosts : public LeadingTarget {};

const TargetCase virtual_cases[] = {
    {"object", "GET /logs/a%20b", "acme-logs.s3.example:9000 /eu/a%20b"},
    {"list", "GET /logs", "acme-logs.s3.example:9000 /?prefix=eu%2F"},
    {"all", "GET /all?versioning", "acme-all.s3.example:9000 /?versioning"},
    {"copy",
     "PUT /all/k",
     "acme-all.s3.example:9000 /k x-amz-copy-source=/acme-logs/eu/a",
     {{"x-amz-copy-source", "/logs/a"}}},
};
INSTANTIATE_TEST_SUITE_P(table, VirtualHosts, testing::ValuesIn(virtual_cases),
                         [](const auto& row) { return row.param.name; });

TEST_P(VirtualHosts, name_the_bucket_of_the_store) {
    EXPECT_EQ(led_to(addressing(true, true)), GetParam().led);
}

TEST(VirtualHost, is_the_stores_own_without_a_bucket) {
    EXPECT_EQ(led("GET", "/", addressing(false, true)), "s3.example:9000 /");
    EXPECT_EQ(led("GET", "/logs/k", addressing(false, true)), "logs.s3.example:9000 /k");
}

}  // namespace
}  // namespace sallyport::gateway
