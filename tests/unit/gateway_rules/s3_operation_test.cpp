#include "gateway/rules/s3_operation.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr const char* ambiguous = "(ambiguous)";

struct OperationCase {
    const char* name;
    const char* method;
    const char* target;
    const char* action;  ///< or `ambiguous`
    bool in_doubt = false;
};

const OperationCase object_cases[] = {
    {"get", "GET", "/fleet/A1/x", "GetObject"},
    {"get_with_slash_at_the_end", "GET", "/fleet/A1/", "GetObject"},
    {"get_part", "GET", "/fleet/A1/x?partNumber=2", "GetObject"},
    {"get_with_answer_fields", "GET", "/fleet/A1/x?response-content-type=a&response-expires=b", "GetObject"},
    {"get_with_sdk_name", "GET", "/fleet/A1/x?x-id=GetObject", "GetObject"},
    {"get_presigned", "GET", "/fleet/A1/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", "GetObject"},
    {"get_signed_twice_over", "GET", "/fleet/A1/x?X-Amz-Security-Token=t&X-Amz-Content-Sha256=h",
     "GetObject"},
    {"get_presigned_with_checksum", "GET", "/fleet/A1/x?X-Amz-Date=d&x-amz-checksum-mode=ENABLED",
     "GetObject"},
    {"put_presigned_with_fields", "PUT",
     "/fleet/A1/x?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-meta-a=b&x-amz-sdk-checksum-algorithm=CRC32",
     "PutObject"},
    {"put_presigned_with_acl", "PUT", "/fleet/A1/x?X-Amz-Date=d&x-amz-acl=public-read", "Unknown"},
    {"put_presigned_with_copy_source", "PUT", "/fleet/A1/x?X-Amz-Date=d&x-amz-copy-source=b%2Fk", "Unknown"},
    {"get_version", "GET", "/fleet/A1/x?versionId=1", "GetObjectVersion"},
    {"get_unknown_parameter", "GET", "/fleet/A1/x?foo", "Unknown"},
    {"head", "HEAD", "/fleet/A1/x", "HeadObject"},
    {"head_acl", "HEAD", "/fleet/A1/x?acl", "Unknown"},
    {"put", "PUT", "/fleet/A1/x", "PutObject"},
    {"put_lower_case_method", "put", "/fleet/A1/x", "Unknown"},
    {"put_with_copy_source_in_query", "PUT", "/fleet/A1/x?X-Amz-Copy-Source=%2Fb%2Fk", "Unknown"},
    {"put_with_acl_in_query", "PUT", "/fleet/A1/x?X-Amz-Acl=public-read", "Unknown"},
    {"put_with_signature_in_lower_case", "PUT", "/fleet/A1/x?x-amz-signature=00", "Unknown"},
    {"put_empty_query", "PUT", "/fleet/A1/x?", "PutObject"},
    {"delete", "DELETE", "/fleet/A1/x", "DeleteObject"},
    {"delete_version", "DELETE", "/fleet/A1/x?versionId=1", "DeleteObjectVersion"},
    {"post", "POST", "/fleet/A1/x", "Unknown"},
    {"get_acl", "GET", "/fleet/A1/x?acl", "GetObjectAcl"},
    {"get_acl_with_value", "GET", "/fleet/A1/x?acl=", "GetObjectAcl"},
    {"get_acl_encoded", "GET", "/fleet/A1/x?%61cl", ambiguous},
    {"get_acl_in_capitals", "GET", "/fleet/A1/x?ACL", "Unknown"},
    {"put_acl", "PUT", "/fleet/A1/x?acl", "PutObjectAcl"},
    {"delete_acl", "DELETE", "/fleet/A1/x?acl", "Unknown"},
    {"put_acl_and_tagging", "PUT", "/fleet/A1/x?acl&tagging", "Unknown"},
    {"get_attributes", "GET", "/fleet/A1/x?attributes", "GetObjectAttributes"},
    {"put_legal_hold", "PUT", "/fleet/A1/x?legal-hold", "PutObjectLegalHold"},
    {"put_retention", "PUT", "/fleet/A1/x?retention", "PutObjectRetention"},
    {"get_tagging", "GET", "/fleet/A1/x?tagging", "GetObjectTagging"},
    {"put_tagging", "PUT", "/fleet/A1/x?tagging", "PutObjectTagging"},
    {"delete_tagging", "DELETE", "/fleet/A1/x?tagging", "DeleteObjectTagging"},
    {"restore", "POST", "/fleet/A1/x?restore", "RestoreObject"},
    {"select", "POST", "/fleet/A1/x?select&select-type=2", "SelectObjectContent"},
    {"select_without_type", "POST", "/fleet/A1/x?select", "Unknown"},
    {"torrent", "GET", "/fleet/A1/x?torrent", "GetObjectTorrent"},
    {"create_multipart", "POST", "/fleet/A1/x?uploads", "CreateMultipartUpload"},
    {"create_multipart_by_put", "PUT", "/fleet/A1/x?uploads", "Unknown"},
    {"upload_part", "PUT", "/fleet/A1/x?partNumber=1&uploadId=u", "UploadPart"},
    {"upload_part_other_order", "PUT", "/fleet/A1/x?uploadId=u&partNumber=1", "UploadPart"},
    {"upload_part_without_number", "PUT", "/fleet/A1/x?uploadId=u", "Unknown"},
    {"upload_part_with_acl", "PUT", "/fleet/A1/x?partNumber=1&uploadId=u&acl", "Unknown"},
    {"complete_multipart", "POST", "/fleet/A1/x?uploadId=u", "CompleteMultipartUpload"},
    {"abort_multipart", "DELETE", "/fleet/A1/x?uploadId=u", "AbortMultipartUpload"},
    {"list_parts", "GET", "/fleet/A1/x?uploadId=u&max-parts=5", "ListParts"},
    {"list_parts_and_uploads", "GET", "/fleet/A1/x?uploadId=u&uploads", "Unknown"},
};

const OperationCase bucket_cases[] = {
    {"list", "GET", "/fleet", "ListObjects"},
    {"list_with_slash", "GET", "/fleet/", "ListObjects"},
    {"list_with_prefix", "GET", "/fleet?prefix=A1%2F&delimiter=%2F&marker=m", "ListObjects"},
    {"list_v2", "GET", "/fleet?list-type=2&prefix=A1%2F", "ListObjectsV2"},
    {"list_unknown_parameter", "GET", "/fleet?list-type=2&metadata=true", "Unknown"},
    {"location", "GET", "/fleet?location", "GetBucketLocation"},
    {"location_and_policy", "GET", "/fleet?location&policy", "Unknown"},
    {"uploads", "GET", "/fleet?uploads&max-uploads=3", "ListMultipartUploads"},
    {"versions", "GET", "/fleet?versions", "ListObjectVersions"},
    {"get_versioning", "GET", "/fleet?versioning", "GetBucketVersioning"},
    {"put_versioning", "PUT", "/fleet?versioning", "PutBucketVersioning"},
    {"get_bucket_acl", "GET", "/fleet?acl", "GetBucketAcl"},
    {"put_bucket_acl", "PUT", "/fleet?acl", "PutBucketAcl"},
    {"get_policy", "GET", "/fleet?policy", "GetBucketPolicy"},
    {"put_policy", "PUT", "/fleet?policy", "PutBucketPolicy"},
    {"delete_policy", "DELETE", "/fleet?policy", "DeleteBucketPolicy"},
    {"put_lifecycle", "PUT", "/fleet?lifecycle", "PutBucketLifecycleConfiguration"},
    {"delete_lifecycle", "DELETE", "/fleet?lifecycle", "DeleteBucketLifecycle"},
    {"put_cors", "PUT", "/fleet?cors", "PutBucketCors"},
    {"delete_bucket_tagging", "DELETE", "/fleet?tagging", "DeleteBucketTagging"},
    {"delete_objects", "POST", "/fleet?delete", "DeleteObjects"},
    {"delete_objects_by_get", "GET", "/fleet?delete", "Unknown"},
    {"form_upload", "POST", "/fleet", "Unknown"},
    {"head_bucket", "HEAD", "/fleet", "HeadBucket"},
    {"create_bucket", "PUT", "/fleet", "CreateBucket"},
    {"delete_bucket", "DELETE", "/fleet", "DeleteBucket"},
    {"encryption", "GET", "/fleet?encryption", "GetBucketEncryption"},
};

const OperationCase service_cases[] = {
    {"list_buckets", "GET", "/", "ListBuckets"},
    {"list_buckets_signed", "GET", "/?X-Amz-Date=d", "ListBuckets"},
    {"head_service", "HEAD", "/", "Unknown"},
    {"post_service", "POST", "/", "Unknown"},
    {"service_with_selector", "GET", "/?acl", "Unknown"},
};

const OperationCase ambiguous_cases[] = {
    {"dot_dot", "GET", "/fleet/A1/../A2/x", ambiguous},
    {"dot_dot_in_a_name", "GET", "/fleet/A1/..x", "GetObject"},
    {"dot_dot_encoded", "GET", "/fleet/A1/%2e%2e/A2/x", ambiguous},
    {"dot_dot_half_encoded", "GET", "/fleet/A1/.%2E/A2/x", ambiguous},
    {"dot_dot_encoded_twice", "GET", "/fleet/A1/%252e%252e/A2/x", ambiguous},
    {"percent_alone_encoded", "GET", "/fleet/A1/100%25", "GetObject"},
    {"dot", "GET", "/fleet/./x", ambiguous},
    {"dot_at_the_end", "GET", "/fleet/A1/.", ambiguous},
    {"slash_encoded", "GET", "/fleet/A1%2Fx", ambiguous},
    {"slash_encoded_in_lower_case", "GET", "/fleet/A1%2fx", ambiguous},
    {"slash_twice", "GET", "/fleet//A1/x", "GetObject", true},
    {"slashes_only", "GET", "/fleet//", ambiguous},
    {"slash_first_twice", "GET", "//fleet/A1/x", ambiguous},
    {"slash_last_twice", "GET", "/fleet/A1//", "GetObject", true},
    {"backslash", "GET", "/fleet/A1\\x", ambiguous},
    {"backslash_encoded", "GET", "/fleet/A1%5C..%5CA2", ambiguous},
    {"semicolon", "GET", "/fleet/A1/x;a=b", ambiguous},
    {"semicolon_in_bucket", "GET", "/fleet;a/A1/x", ambiguous},
    {"semicolon_encoded", "GET", "/fleet/A1/x%3Ba=b", "GetObject"},
    {"nul_encoded", "GET", "/fleet/A1/x%00.mf4", ambiguous},
    {"line_end_encoded", "GET", "/fleet/A1/x%0D%0A", ambiguous},
    {"space_encoded", "GET", "/fleet/A1/x%20y", "GetObject"},
    {"no_utf8", "GET", "/fleet/A1/%FF", ambiguous},
    {"utf8_overlong", "GET", "/fleet/A1/%C0%AE%C0%AE/x", ambiguous},
    {"utf8", "GET", "/fleet/A1/%C3%A9", "GetObject"},
    {"utf8_surrogate", "GET", "/fleet/A1/%ED%A0%80", ambiguous},
    {"utf8_cut", "GET", "/fleet/A1/%E2%82", ambiguous},
    {"utf8_cut_by_slash", "GET", "/fleet/A1/%E2%82/x", ambiguous},
    {"utf8_continuation_alone", "GET", "/fleet/A1/%80", ambiguous},
    {"utf8_beyond_unicode", "GET", "/fleet/A1/%F4%90%80%80", ambiguous},
    {"utf8_last_of_unicode", "GET", "/fleet/A1/%F4%8F%BF%BF", "GetObject"},
    {"utf8_overlong_slash", "GET", "/fleet/A1/%C0%AF..", ambiguous},
    {"utf8_overlong_in_three", "GET", "/fleet/A1/%E0%80%AF", ambiguous},
    {"utf8_full_width_dots", "GET", "/fleet/A1/%EF%BC%8E%EF%BC%8E/x", "GetObject"},
    {"tab_encoded", "GET", "/fleet/A1/x%09", ambiguous},
    {"escape_encoded", "GET", "/fleet/A1/x%1B", ambiguous},
    {"delete_encoded", "GET", "/fleet/A1/x%7F", ambiguous},
    {"slash_encoded_twice", "GET", "/fleet/A1%252Fx", ambiguous},
    {"slash_encoded_at_the_end", "GET", "/fleet/A1%2F", ambiguous},
    {"backslash_encoded_twice", "GET", "/fleet/A1/%255C", ambiguous},
    {"percent_before_one_digit", "GET", "/fleet/A1/100%254", "GetObject"},
    {"escape_not_hexadecimal", "GET", "/fleet/A1/%4g", ambiguous},
    {"escape_of_windows", "GET", "/fleet/A1/%u002e", ambiguous},
    {"dot_dot_first", "GET", "/../fleet/A1/x", ambiguous},
    {"dot_dot_last", "GET", "/fleet/A1/..", ambiguous},
    {"dot_dot_with_slash_last", "GET", "/fleet/A1/../", ambiguous},
    {"dot_dot_as_key", "GET", "/fleet/..", ambiguous},
    {"dot_dot_with_parameter", "GET", "/fleet/A1/..;/A2/x", ambiguous},
    {"dot_dot_with_parameter_encoded", "GET", "/fleet/A1/..%3B/A2/x", ambiguous},
    {"dot_dot_with_space", "GET", "/fleet/A1/..%20/A2/x", "GetObject"},
    {"three_dots", "GET", "/fleet/A1/.../x", "GetObject"},
    {"dot_encoded_alone", "GET", "/fleet/%2E/x", ambiguous},
    {"bucket_only_dots", "GET", "/../x", ambiguous},
    {"bucket_with_two_dots", "GET", "/fl..eet/x", ambiguous},
    {"bucket_with_underscore", "GET", "/fl_eet/x", ambiguous},
    {"bucket_with_dot", "GET", "/fl.eet/x", "GetObject"},
    {"route_in_lower_case", "POST", "/writegetobjectresponse", "Unknown"},
    {"route_and_more", "POST", "/WriteGetObjectResponse/x", ambiguous},
    {"escape_cut", "GET", "/fleet/A1/%4", ambiguous},
    {"bucket_encoded", "GET", "/%66leet/A1/x", ambiguous},
    {"bucket_in_capitals", "GET", "/Fleet/A1/x", ambiguous},
    {"bucket_too_short", "GET", "/fl/A1/x", ambiguous},
    {"bucket_is_an_address", "GET", "/192.0.2.1/x", ambiguous},
    {"parameter_twice", "GET", "/fleet?prefix=a&prefix=b", ambiguous},
    {"parameter_twice_encoded", "GET", "/fleet?prefix=a&%70refix=b", ambiguous},
    {"parameter_twice_in_two_cases", "GET", "/fleet?prefix=a&Prefix=b", "Unknown"},
    {"flag_twice", "GET", "/fleet/A1/x?acl&acl", ambiguous},
    {"parameter_empty", "GET", "/fleet?prefix=a&&marker=b", ambiguous},
    {"parameter_nameless", "GET", "/fleet?=a", ambiguous},
    {"query_plus", "GET", "/fleet?prefix=a+b", ambiguous},
    {"query_plus_encoded", "GET", "/fleet?prefix=a%2Bb", "ListObjects"},
    {"query_semicolon_encoded", "GET", "/fleet?prefix=a%3Bacl", "ListObjects"},
    {"query_name_encoded", "GET", "/fleet?%70refix=a", ambiguous},
    {"query_name_encoded_in_part", "DELETE", "/fleet/A1/x?upload%49d=u", ambiguous},
    {"query_name_encoded_of_signature", "GET", "/fleet/A1/x?X%2DAmz-Date=d", ambiguous},
    {"query_equals_encoded", "GET", "/fleet/A1/x?acl%3D", ambiguous},
    {"query_two_equals", "GET", "/fleet?prefix=a=b", "ListObjects"},
    {"query_name_with_plus", "GET", "/fleet?pre+fix=a", ambiguous},
    {"query_ends_with_ampersand", "GET", "/fleet?prefix=a&", ambiguous},
    {"query_begins_with_ampersand", "GET", "/fleet?&prefix=a", ambiguous},
    {"query_escape_cut", "GET", "/fleet?prefix=%", ambiguous},
    {"query_separated_by_semicolon", "GET", "/fleet/A1/x?x-id=GetObject;acl", ambiguous},
    {"second_question_mark", "GET", "/fleet/A1/x?acl?b", "Unknown"},
};

class Classify : public testing::TestWithParam<OperationCase> {};

TEST_P(Classify, names_the_operation) {
    const OperationCase& row = GetParam();
    const auto operation = classify({row.method, row.target, 11, {}});
    if (row.action == ambiguous) {
        ASSERT_FALSE(operation) << operation->action;
        EXPECT_EQ(operation.error().reason, Reason::ambiguous_path);
        EXPECT_EQ(operation.error().status, 400U);
        return;
    }
    ASSERT_TRUE(operation) << operation.error().detail;
    EXPECT_EQ(operation->action, row.action);
    EXPECT_EQ(operation->ambiguity.empty(), !row.in_doubt);
    EXPECT_EQ(is_action(operation->action), operation->action != unknown_action);
}

const auto case_name = [](const testing::TestParamInfo<OperationCase>& row) { return row.param.name; };
INSTANTIATE_TEST_SUITE_P(objects, Classify, testing::ValuesIn(object_cases), case_name);
INSTANTIATE_TEST_SUITE_P(buckets, Classify, testing::ValuesIn(bucket_cases), case_name);
INSTANTIATE_TEST_SUITE_P(service, Classify, testing::ValuesIn(service_cases), case_name);
INSTANTIATE_TEST_SUITE_P(doubts, Classify, testing::ValuesIn(ambiguous_cases), case_name);

struct CopyCase {
    const char* name;
    const char* method;
    const char* target;
    const char* action;
};
const CopyCase copy_cases[] = {
    {"copy", "PUT", "/fleet/A1/x", "CopyObject"},
    {"copy_part", "PUT", "/fleet/A1/x?partNumber=1&uploadId=u", "UploadPartCopy"},
    {"get", "GET", "/fleet/A1/x", "Unknown"},
    {"put_acl", "PUT", "/fleet/A1/x?acl", "Unknown"},
    {"create_multipart", "POST", "/fleet/A1/x?uploads", "Unknown"},
    {"create_bucket", "PUT", "/fleet", "Unknown"},
    {"copy_repeated_by_the_sdk", "PUT", "/fleet/A1/x?x-id=CopyObject", "CopyObject"},
    {"copy_that_says_it_is_none", "PUT", "/fleet/A1/x?x-id=PutObject", "Unknown"},
    {"part_that_says_it_is_none", "PUT", "/fleet/A1/x?partNumber=1&uploadId=u&x-id=UploadPart", "Unknown"},
    {"delete", "DELETE", "/fleet/A1/x", "Unknown"},
    {"rename", "PUT", "/fleet/A1/x?renameObject", "Unknown"},
    {"part_without_upload", "PUT", "/fleet/A1/x?partNumber=1", "Unknown"},
};

class ClassifyCopy : public testing::TestWithParam<CopyCase> {};

TEST_P(ClassifyCopy, sees_the_header_whatever_its_case) {
    for (const auto* name : {"x-amz-copy-source", "X-Amz-Copy-Source"}) {
        const auto operation = classify({GetParam().method, GetParam().target, 11, {{name, "/fleet/k"}}});
        ASSERT_TRUE(operation);
        EXPECT_EQ(operation->action, GetParam().action);
    }
    const auto near =
        classify({GetParam().method, GetParam().target, 11, {{"x-amz-copy-source-range", "bytes=0-1"}}});
    ASSERT_TRUE(near);
    EXPECT_EQ(near->action.find("Copy"), std::string_view::npos);
}
INSTANTIATE_TEST_SUITE_P(table, ClassifyCopy, testing::ValuesIn(copy_cases),
                         [](const auto& row) { return row.param.name; });

struct FieldCase {
    const char* name;
    HeaderField field;
    std::vector<std::string_view> further;
};

/// What a PUT asks for by one more field.
const FieldCase field_cases[] = {
    {"acl", {"x-amz-acl", "public-read"}, {"PutObjectAcl"}},
    {"acl_in_capitals", {"X-AMZ-ACL", "public-read"}, {"PutObjectAcl"}},
    {"acl_that_every_object_has", {"x-amz-acl", "private"}, {}},
    {"acl_nearly_that", {"x-amz-acl", "Private"}, {"PutObjectAcl"}},
    {"grant", {"x-amz-grant-full-control", "id=1"}, {"PutObjectAcl"}},
    {"tagging", {"x-amz-tagging", "a=b"}, {"PutObjectTagging"}},
    {"legal_hold", {"x-amz-object-lock-legal-hold", "ON"}, {"PutObjectLegalHold"}},
    {"retention_mode", {"x-amz-object-lock-mode", "GOVERNANCE"}, {"PutObjectRetention"}},
    {"retention_date", {"x-amz-object-lock-retain-until-date", "d"}, {"PutObjectRetention"}},
    {"bypass", {"x-amz-bypass-governance-retention", "true"}, {"BypassGovernanceRetention"}},
    {"redirection", {"x-amz-website-redirect-location", "/"}, {"PutObjectAcl"}},
    {"method_override", {"X-HTTP-Method-Override", "DELETE"}, {unknown_action}},
    {"method_override_shorter", {"x-method-override", "DELETE"}, {unknown_action}},
    {"rewritten_url", {"X-Rewrite-URL", "/fleet/A2/x"}, {unknown_action}},
    {"original_url", {"x-original-url", "/fleet/A2/x"}, {unknown_action}},
    {"forwarded_for", {"X-Forwarded-For", "192.0.2.1"}, {}},
    {"condition_on_content", {"If-Match", "\"1\""}, {"GetObject"}},
    {"condition_on_content_of_a_copy", {"x-amz-copy-source-if-match", "\"1\""}, {}},
    {"condition_on_existence", {"If-None-Match", "*"}, {}},
    {"condition_on_time", {"x-amz-if-match-last-modified-time", "d"}, {"GetObject"}},
    {"condition_on_the_object_of_an_annotation", {"x-amz-object-if-match", "\"1\""}, {"GetObject"}},
    {"append", {"x-amz-write-offset-bytes", "5"}, {}},
    {"checksum", {"x-amz-checksum-crc32", "AAAAAA=="}, {}},
    {"encryption", {"x-amz-server-side-encryption", "AES256"}, {}},
    {"expected_owner", {"x-amz-expected-bucket-owner", "111122223333"}, {}},
    {"bucket_ownership", {"x-amz-object-ownership", "ObjectWriter"}, {}},
    {"website", {"x-amz-website", "/"}, {}},
    {"date", {"x-amz-date", "d"}, {}},
    {"metadata", {"x-amz-meta-acl", "public-read"}, {}},
    {"storage_class", {"x-amz-storage-class", "STANDARD"}, {}},
    {"content_hash", {"x-amz-content-sha256", "h"}, {}},
};

class ClassifyField : public testing::TestWithParam<FieldCase> {};

TEST_P(ClassifyField, may_ask_for_more) {
    const auto operation = classify({"PUT", "/fleet/A1/x", 11, {GetParam().field}}).value();
    EXPECT_EQ(operation.action, "PutObject");
    EXPECT_EQ(operation.further_actions, GetParam().further);
}
INSTANTIATE_TEST_SUITE_P(table, ClassifyField, testing::ValuesIn(field_cases),
                         [](const auto& row) { return row.param.name; });

TEST(ClassifyField, asks_for_each_of_several) {
    const RequestHead head{
        "PUT", "/fleet/A1/x", 11, {{"x-amz-tagging", "a=b"}, {"X", "1"}, {"x-amz-acl", "public-read"}}};
    EXPECT_EQ(classify(head)->further_actions,
              (std::vector<std::string_view>{"PutObjectTagging", "PutObjectAcl"}));
}

/// What creating a bucket asks for by one more field.
const FieldCase bucket_field_cases[] = {
    {"acl", {"x-amz-acl", "public-read"}, {"PutBucketAcl"}},
    {"acl_that_every_bucket_has", {"x-amz-acl", "private"}, {}},
    {"grant", {"X-Amz-Grant-Read", "id=1"}, {"PutBucketAcl"}},
    {"ownership", {"x-amz-object-ownership", "ObjectWriter"}, {"PutBucketOwnershipControls"}},
    {"lock", {"x-amz-bucket-object-lock-enabled", "true"}, {"PutObjectLockConfiguration"}},
    {"lock_of_an_object", {"x-amz-object-lock-mode", "GOVERNANCE"}, {unknown_action}},
    {"region", {"x-amz-bucket-region", "r"}, {}},
};

class ClassifyBucketField : public testing::TestWithParam<FieldCase> {};

TEST_P(ClassifyBucketField, may_ask_for_more) {
    const auto operation = classify({"PUT", "/fleet", 11, {GetParam().field}}).value();
    EXPECT_EQ(operation.action, "CreateBucket");
    EXPECT_EQ(operation.further_actions, GetParam().further);
}
INSTANTIATE_TEST_SUITE_P(table, ClassifyBucketField, testing::ValuesIn(bucket_field_cases),
                         [](const auto& row) { return row.param.name; });

TEST(ClassifyField, conditions_on_reads_ask_for_nothing_more) {
    for (const auto* method : {"GET", "HEAD"})
        EXPECT_TRUE(classify({method, "/fleet/A1/x", 11, {{"If-Match", "1"}}})->further_actions.empty());
}

TEST(ClassifyRename, needs_its_source_and_stands_alone) {
    const HeaderField source{"X-Amz-Rename-Source", "/fleet/A1/old"};
    const auto action = [](const char* target, std::vector<HeaderField> fields) {
        return classify({"PUT", target, 11, std::move(fields)})->action;
    };
    EXPECT_EQ(action("/fleet/A1/x?renameObject", {source}), rename_object);
    EXPECT_EQ(action("/fleet/A1/x?renameObject", {}), unknown_action);
    EXPECT_EQ(action("/fleet/A1/x", {source}), unknown_action);
    EXPECT_EQ(action("/fleet/A1/x?acl", {source}), unknown_action);
    EXPECT_EQ(action("/fleet/A1/x?renameObject", {source, {"x-amz-copy-source", "/fleet/A1/y"}}),
              unknown_action);
    EXPECT_EQ(action("/fleet/A1/x", {{"x-amz-rename-source-if-match", "1"}}), "PutObject");
}

TEST(ClassifyAddress, is_decoded) {
    EXPECT_EQ(classify({"GET", "/fleet/A1/a%20b/c?x-id=GetObject", 11, {}})->address,
              (s3::ObjectAddress{"fleet", "A1/a b/c"}));
    EXPECT_EQ(classify({"GET", "/fleet/", 11, {}})->address, (s3::ObjectAddress{"fleet", ""}));
    EXPECT_EQ(classify({"GET", "/", 11, {}})->address, (s3::ObjectAddress{}));
    EXPECT_FALSE(classify({"GET", "fleet", 11, {}}));
}

}  // namespace
}  // namespace sallyport::gateway
