#include "gateway/rules/s3_api.h"

#include "gateway/rules/s3_operation.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

/// A request "METHOD target".
RequestHead head_of(std::string_view request) {
    const auto space = request.find(' ');
    return {request.substr(0, space), request.substr(space + 1), 11, {}};
}

struct OperationRow {
    const char* name;
    const char* request;    ///< is that operation
    const char* neighbour;  ///< is none
};

/// Every operation of the API beside the nearest request that is none.
const OperationRow operation_rows[] = {
    // objects
    {"GetObject", "GET /bkt/k", "GET /bkt/k?max-keys=1"},
    {"HeadObject", "HEAD /bkt/k", "HEAD /bkt/k?acl"},
    {"PutObject", "PUT /bkt/k", "PUT /bkt/k?partNumber=1"},
    {"DeleteObject", "DELETE /bkt/k", "DELETE /bkt/k?uploadId="},
    {"GetObjectAttributes", "GET /bkt/k?attributes", "HEAD /bkt/k?attributes"},
    {"GetObjectTorrent", "GET /bkt/k?torrent", "GET /bkt/k?torrent&versionId=v"},
    {"RestoreObject", "POST /bkt/k?restore", "PUT /bkt/k?restore"},
    {"SelectObjectContent", "POST /bkt/k?select&select-type=2", "POST /bkt/k?select&select-type=1"},
    {"UpdateObjectEncryption", "PUT /bkt/k?encryption", "DELETE /bkt/k?encryption"},
    // access, tags, locks and annotations
    {"GetObjectAcl", "GET /bkt/k?acl", "GET /bkt/k?acl&tagging"},
    {"PutObjectAcl", "PUT /bkt/k?acl", "DELETE /bkt/k?acl"},
    {"GetObjectTagging", "GET /bkt/k?tagging", "GET /bkt/k?tagging=1"},
    {"PutObjectTagging", "PUT /bkt/k?tagging", "POST /bkt/k?tagging"},
    {"DeleteObjectTagging", "DELETE /bkt/k?tagging", "DELETE /bkt/k?Tagging"},
    {"GetObjectLegalHold", "GET /bkt/k?legal-hold", "GET /bkt/k?legalhold"},
    {"PutObjectLegalHold", "PUT /bkt/k?legal-hold", "DELETE /bkt/k?legal-hold"},
    {"GetObjectRetention", "GET /bkt/k?retention", "GET /bkt?retention"},
    {"PutObjectRetention", "PUT /bkt/k?retention", "DELETE /bkt/k?retention"},
    {"GetObjectAnnotation", "GET /bkt/k?annotation&annotationName=n", "GET /bkt/k?annotationName=n"},
    {"PutObjectAnnotation", "PUT /bkt/k?annotation&annotationName=n", "PUT /bkt/k?annotation"},
    {"DeleteObjectAnnotation", "DELETE /bkt/k?annotation&annotationName=n",
     "DELETE /bkt/k?annotation&annotationName="},
    {"ListObjectAnnotations", "GET /bkt/k?annotation", "GET /bkt?annotation"},
    // multipart uploads
    {"CreateMultipartUpload", "POST /bkt/k?uploads", "PUT /bkt/k?uploads"},
    {"UploadPart", "PUT /bkt/k?partNumber=1&uploadId=u", "PUT /bkt/k?partNumber=1&uploadId="},
    {"CompleteMultipartUpload", "POST /bkt/k?uploadId=u", "POST /bkt/k?uploadId"},
    {"AbortMultipartUpload", "DELETE /bkt/k?uploadId=u", "DELETE /bkt/k?uploadId=u&versionId=v"},
    {"ListParts", "GET /bkt/k?uploadId=u", "GET /bkt/k?uploadId=u&uploads"},
    {"ListMultipartUploads", "GET /bkt?uploads", "GET /bkt/k?uploads"},
    // buckets and lists
    {"ListBuckets", "GET /", "HEAD /"},
    {"ListDirectoryBuckets", "GET /?x-id=ListDirectoryBuckets", "GET /bkt?x-id=ListDirectoryBuckets"},
    {"HeadBucket", "HEAD /bkt", "HEAD /bkt?versioning"},
    {"CreateBucket", "PUT /bkt", "PUT /bkt?x"},
    {"DeleteBucket", "DELETE /bkt", "DELETE /bkt?versioning"},
    {"ListObjects", "GET /bkt", "GET /bkt?start-after=k"},
    {"ListObjectsV2", "GET /bkt?list-type=2", "GET /bkt?list-type=1"},
    {"ListObjectVersions", "GET /bkt?versions", "GET /bkt/k?versions"},
    {"DeleteObjects", "POST /bkt?delete", "GET /bkt?delete"},
    {"GetBucketLocation", "GET /bkt?location", "GET /bkt?location&policy"},
    {"CreateSession", "GET /bkt?session", "POST /bkt?session"},
    {"WriteGetObjectResponse", "POST /WriteGetObjectResponse", "PUT /WriteGetObjectResponse"},
    // access to buckets
    {"GetBucketAcl", "GET /bkt?acl", "HEAD /bkt?acl"},
    {"PutBucketAcl", "PUT /bkt?acl", "PUT /bkt?acl&prefix=p"},
    {"GetBucketPolicy", "GET /bkt?policy", "GET /bkt/k?policy"},
    {"PutBucketPolicy", "PUT /bkt?policy", "POST /bkt?policy"},
    {"DeleteBucketPolicy", "DELETE /bkt?policy", "DELETE /bkt?policyStatus"},
    {"GetBucketPolicyStatus", "GET /bkt?policyStatus", "GET /bkt?policystatus"},
    {"GetPublicAccessBlock", "GET /bkt?publicAccessBlock", "GET /?publicAccessBlock"},
    {"PutPublicAccessBlock", "PUT /bkt?publicAccessBlock", "POST /bkt?publicAccessBlock"},
    {"DeletePublicAccessBlock", "DELETE /bkt?publicAccessBlock", "DELETE /bkt/k?publicAccessBlock"},
    {"GetBucketOwnershipControls", "GET /bkt?ownershipControls", "GET /bkt?ownershipcontrols"},
    {"PutBucketOwnershipControls", "PUT /bkt?ownershipControls", "POST /bkt?ownershipControls"},
    {"DeleteBucketOwnershipControls", "DELETE /bkt?ownershipControls", "DELETE /bkt/k?ownershipControls"},
    {"GetBucketAbac", "GET /bkt?abac", "GET /bkt/k?abac"},
    {"PutBucketAbac", "PUT /bkt?abac", "DELETE /bkt?abac"},
    {"GetBucketCors", "GET /bkt?cors", "GET /bkt/k?cors"},
    {"PutBucketCors", "PUT /bkt?cors", "POST /bkt?cors"},
    {"DeleteBucketCors", "DELETE /bkt?cors", "DELETE /bkt?cors&policy"},
    // what buckets do with objects
    {"GetBucketVersioning", "GET /bkt?versioning", "GET /bkt?versioning&versions"},
    {"PutBucketVersioning", "PUT /bkt?versioning", "PUT /bkt?versions"},
    {"GetObjectLockConfiguration", "GET /bkt?object-lock", "GET /bkt/k?object-lock"},
    {"PutObjectLockConfiguration", "PUT /bkt?object-lock", "DELETE /bkt?object-lock"},
    {"GetBucketLifecycleConfiguration", "GET /bkt?lifecycle", "GET /bkt/k?lifecycle"},
    {"PutBucketLifecycleConfiguration", "PUT /bkt?lifecycle", "PUT /bkt?lifecycle=1"},
    {"DeleteBucketLifecycle", "DELETE /bkt?lifecycle", "DELETE /bkt?lifecycle&id=1"},
    {"GetBucketEncryption", "GET /bkt?encryption", "GET /bkt/k?encryption"},
    {"PutBucketEncryption", "PUT /bkt?encryption", "POST /bkt?encryption"},
    {"DeleteBucketEncryption", "DELETE /bkt?encryption", "DELETE /bkt?encryptions"},
    {"GetBucketReplication", "GET /bkt?replication", "GET /bkt?replication-metrics"},
    {"PutBucketReplication", "PUT /bkt?replication", "POST /bkt?replication"},
    {"DeleteBucketReplication", "DELETE /bkt?replication", "DELETE /bkt/k?replication"},
    {"GetBucketWebsite", "GET /bkt?website", "GET /bkt/k?website"},
    {"PutBucketWebsite", "PUT /bkt?website", "PUT /bkt?website&versionId=v"},
    {"DeleteBucketWebsite", "DELETE /bkt?website", "DELETE /?website"},
    {"GetBucketTagging", "GET /bkt?tagging", "GET /bkt?tagging&id=1"},
    {"PutBucketTagging", "PUT /bkt?tagging", "PUT /?tagging"},
    {"DeleteBucketTagging", "DELETE /bkt?tagging", "DELETE /bkt?tag"},
    {"GetBucketLogging", "GET /bkt?logging", "GET /bkt/k?logging"},
    {"PutBucketLogging", "PUT /bkt?logging", "DELETE /bkt?logging"},
    {"GetBucketNotificationConfiguration", "GET /bkt?notification", "GET /bkt?notifications"},
    {"PutBucketNotificationConfiguration", "PUT /bkt?notification", "DELETE /bkt?notification"},
    {"GetBucketAccelerateConfiguration", "GET /bkt?accelerate", "GET /bkt/k?accelerate"},
    {"PutBucketAccelerateConfiguration", "PUT /bkt?accelerate", "DELETE /bkt?accelerate"},
    {"GetBucketRequestPayment", "GET /bkt?requestPayment", "GET /bkt?requestpayment"},
    {"PutBucketRequestPayment", "PUT /bkt?requestPayment", "DELETE /bkt?requestPayment"},
    // reports
    {"ListBucketAnalyticsConfigurations", "GET /bkt?analytics", "HEAD /bkt?analytics"},
    {"GetBucketAnalyticsConfiguration", "GET /bkt?analytics&id=1", "GET /bkt?analytics&id="},
    {"PutBucketAnalyticsConfiguration", "PUT /bkt?analytics&id=1", "PUT /bkt?analytics"},
    {"DeleteBucketAnalyticsConfiguration", "DELETE /bkt?analytics&id=1", "DELETE /bkt?analytics"},
    {"ListBucketIntelligentTieringConfigurations", "GET /bkt?intelligent-tiering",
     "HEAD /bkt?intelligent-tiering"},
    {"GetBucketIntelligentTieringConfiguration", "GET /bkt?intelligent-tiering&id=1",
     "GET /bkt?intelligent-tiering&id="},
    {"PutBucketIntelligentTieringConfiguration", "PUT /bkt?intelligent-tiering&id=1",
     "PUT /bkt?intelligent-tiering"},
    {"DeleteBucketIntelligentTieringConfiguration", "DELETE /bkt?intelligent-tiering&id=1",
     "DELETE /bkt?intelligent-tiering"},
    {"ListBucketInventoryConfigurations", "GET /bkt?inventory", "HEAD /bkt?inventory"},
    {"GetBucketInventoryConfiguration", "GET /bkt?inventory&id=1", "GET /bkt?inventory&id="},
    {"PutBucketInventoryConfiguration", "PUT /bkt?inventory&id=1", "PUT /bkt?inventory"},
    {"DeleteBucketInventoryConfiguration", "DELETE /bkt?inventory&id=1", "DELETE /bkt?inventory"},
    {"ListBucketMetricsConfigurations", "GET /bkt?metrics", "HEAD /bkt?metrics"},
    {"GetBucketMetricsConfiguration", "GET /bkt?metrics&id=1", "GET /bkt?metrics&id="},
    {"PutBucketMetricsConfiguration", "PUT /bkt?metrics&id=1", "PUT /bkt?metrics"},
    {"DeleteBucketMetricsConfiguration", "DELETE /bkt?metrics&id=1", "DELETE /bkt?metrics"},
    {"CreateBucketMetadataConfiguration", "POST /bkt?metadataConfiguration",
     "PUT /bkt?metadataConfiguration"},
    {"GetBucketMetadataConfiguration", "GET /bkt?metadataConfiguration", "GET /bkt?metadata"},
    {"DeleteBucketMetadataConfiguration", "DELETE /bkt?metadataConfiguration",
     "DELETE /bkt/k?metadataConfiguration"},
    {"CreateBucketMetadataTableConfiguration", "POST /bkt?metadataTable", "PUT /bkt?metadataTable"},
    {"GetBucketMetadataTableConfiguration", "GET /bkt?metadataTable", "GET /bkt/k?metadataTable"},
    {"DeleteBucketMetadataTableConfiguration", "DELETE /bkt?metadataTable", "DELETE /bkt?metadatatable"},
    {"UpdateBucketMetadataInventoryTableConfiguration", "PUT /bkt?metadataInventoryTable",
     "GET /bkt?metadataInventoryTable"},
    {"UpdateBucketMetadataJournalTableConfiguration", "PUT /bkt?metadataJournalTable",
     "GET /bkt?metadataJournalTable"},
    {"UpdateBucketMetadataAnnotationTableConfiguration", "PUT /bkt?metadataAnnotationTable",
     "GET /bkt?metadataAnnotationTable"},
};

class Operations : public testing::TestWithParam<OperationRow> {};

TEST_P(Operations, is_told_from_its_nearest_neighbour) {
    const auto operation = classify(head_of(GetParam().request));
    ASSERT_TRUE(operation) << operation.error().detail;
    EXPECT_EQ(operation->action, GetParam().name);
    EXPECT_TRUE(is_action(GetParam().name));
    const auto neighbour = classify(head_of(GetParam().neighbour));
    if (neighbour) {
        EXPECT_EQ(neighbour->action, unknown_action);
    }
}
INSTANTIATE_TEST_SUITE_P(table, Operations, testing::ValuesIn(operation_rows),
                         [](const auto& row) { return row.param.name; });

TEST(Operations, are_all_in_the_table) {
    for (const ApiOperation& operation : api_operations()) {
        const bool listed = std::ranges::find(operation_rows, operation.name, &OperationRow::name) !=
                            std::end(operation_rows);
        EXPECT_TRUE(listed || operation.name == rename_object) << operation.name << " needs its row";
    }
}

struct VersionRow {
    const char* name;  ///< the operation, and what must be allowed beside the version's action
    const char* request;
    const char* action;
};

/// Operations on a version, which is named by `&versionId=v`.
const VersionRow version_rows[] = {
    {"GetObject", "GET /bkt/k?x-id=GetObject", "GetObjectVersion"},
    {"HeadObject", "HEAD /bkt/k?partNumber=1", "GetObjectVersion"},
    {"DeleteObject", "DELETE /bkt/k?x-id=DeleteObject", "DeleteObjectVersion"},
    {"GetObjectAttributes", "GET /bkt/k?attributes", "GetObjectVersionAttributes"},
    {"GetObjectAcl", "GET /bkt/k?acl", "GetObjectVersionAcl"},
    {"PutObjectAcl", "PUT /bkt/k?acl", "PutObjectVersionAcl"},
    {"GetObjectTagging", "GET /bkt/k?tagging", "GetObjectVersionTagging"},
    {"PutObjectTagging", "PUT /bkt/k?tagging", "PutObjectVersionTagging"},
    {"DeleteObjectTagging", "DELETE /bkt/k?tagging", "DeleteObjectVersionTagging"},
    {"GetObjectAnnotation", "GET /bkt/k?annotation&annotationName=n", "GetObjectVersionAnnotation"},
    {"PutObjectAnnotation", "PUT /bkt/k?annotation&annotationName=n", "PutObjectVersionAnnotation"},
    {"DeleteObjectAnnotation", "DELETE /bkt/k?annotation&annotationName=n", "DeleteObjectVersionAnnotation"},
    {"ListObjectAnnotations", "GET /bkt/k?annotation", "ListObjectVersionAnnotations"},
    // IAM has one action for both
    {"GetObjectLegalHold", "GET /bkt/k?legal-hold", "GetObjectLegalHold"},
    {"PutObjectLegalHold", "PUT /bkt/k?legal-hold", "PutObjectLegalHold"},
    {"GetObjectRetention", "GET /bkt/k?retention", "GetObjectRetention"},
    {"PutObjectRetention", "PUT /bkt/k?retention", "PutObjectRetention"},
    {"RestoreObject", "POST /bkt/k?restore", "RestoreObject"},
    {"UpdateObjectEncryption", "PUT /bkt/k?encryption", "UpdateObjectEncryption"},
    // no version can be named
    {"PutObject", "PUT /bkt/k?x-id=PutObject", "Unknown"},
    {"GetObjectTorrent", "GET /bkt/k?torrent", "Unknown"},
    {"SelectObjectContent", "POST /bkt/k?select&select-type=2", "Unknown"},
    {"RenameObject", "PUT /bkt/k?renameObject", "Unknown"},
    {"CreateMultipartUpload", "POST /bkt/k?uploads", "Unknown"},
    {"UploadPart", "PUT /bkt/k?partNumber=1&uploadId=u", "Unknown"},
    {"CompleteMultipartUpload", "POST /bkt/k?uploadId=u", "Unknown"},
    {"ListParts", "GET /bkt/k?uploadId=u", "Unknown"},
    {"ListObjects", "GET /bkt?prefix=k", "Unknown"},
    {"ListObjectVersions", "GET /bkt?versions", "Unknown"},
    {"DeleteBucket", "DELETE /bkt?x-id=DeleteBucket", "Unknown"},
};

class Versions : public testing::TestWithParam<VersionRow> {};

TEST_P(Versions, need_the_plain_action_and_the_one_of_iam) {
    for (const auto* version : {"&versionId=v", "&versionId=null", "&versionId=", "&versionId"}) {
        const std::string request = std::string(GetParam().request) + version;
        const S3Operation operation = classify(head_of(request)).value();
        EXPECT_EQ(operation.action, GetParam().action) << request;
        if (operation.action == unknown_action) continue;
        EXPECT_TRUE(is_action(operation.action));
        EXPECT_TRUE(operation.action == GetParam().name ||
                    std::ranges::find(operation.further_actions, GetParam().name) !=
                        operation.further_actions.end())
            << request;
    }
    EXPECT_EQ(classify(head_of(std::string(GetParam().request) + "&VersionId=v"))->action, unknown_action);
}
INSTANTIATE_TEST_SUITE_P(table, Versions, testing::ValuesIn(version_rows),
                         [](const auto& row) { return row.param.name; });

struct FallbackRow {
    const char* name;
    const char* request;
    const char* further;  ///< what a store makes of it that does not know the sub-resource; "" = all know it
};

const FallbackRow fallback_rows[] = {
    {"attributes", "GET /bkt/k?attributes", "GetObject"},
    {"torrent", "GET /bkt/k?torrent", "GetObject"},
    {"get_annotation", "GET /bkt/k?annotation&annotationName=n", "GetObject"},
    {"put_annotation", "PUT /bkt/k?annotation&annotationName=n", "PutObject"},
    {"delete_annotation", "DELETE /bkt/k?annotation&annotationName=n", "DeleteObject"},
    {"object_encryption", "PUT /bkt/k?encryption", "PutObject"},
    {"get_bucket_encryption", "GET /bkt?encryption", "ListObjects"},
    {"put_bucket_encryption", "PUT /bkt?encryption", "CreateBucket"},
    {"delete_bucket_encryption", "DELETE /bkt?encryption", "DeleteBucket"},
    {"delete_inventory", "DELETE /bkt?inventory&id=1", "DeleteBucket"},
    {"delete_metrics", "DELETE /bkt?metrics&id=1", "DeleteBucket"},
    {"delete_ownership", "DELETE /bkt?ownershipControls", "DeleteBucket"},
    {"session", "GET /bkt?session", "ListObjects"},
    {"create_metadata_table", "POST /bkt?metadataTable", ""},
    {"acl", "GET /bkt/k?acl", ""},
    {"tagging", "PUT /bkt/k?tagging", ""},
    {"legal_hold", "PUT /bkt/k?legal-hold", ""},
    {"delete_cors", "DELETE /bkt?cors", ""},
    {"delete_policy", "DELETE /bkt?policy", ""},
    {"location", "GET /bkt?location", ""},
    {"plain", "GET /bkt/k", ""},
};

class Fallbacks : public testing::TestWithParam<FallbackRow> {};

TEST_P(Fallbacks, must_be_allowed_too) {
    const S3Operation operation = classify(head_of(GetParam().request)).value();
    EXPECT_NE(operation.action, unknown_action);
    const std::string further =
        operation.further_actions.empty() ? "" : std::string(operation.further_actions[0]);
    EXPECT_EQ(further, GetParam().further);
}
INSTANTIATE_TEST_SUITE_P(table, Fallbacks, testing::ValuesIn(fallback_rows),
                         [](const auto& row) { return row.param.name; });

TEST(IsAction, knows_the_names_that_a_policy_may_use) {
    for (const auto* name : {"PutObject", "ListBuckets", "CopyObject", "UploadPartCopy", "GetObjectVersion",
                             "DeleteObjectVersion", "RenameObject", "BypassGovernanceRetention"})
        EXPECT_TRUE(is_action(name)) << name;
    for (const auto* name : {"Unknown", "putobject", "PutObject ", "PutObjects", "s3:PutObject", "ListBucket",
                             "HeadObjectVersion", "PostObject", "*", ""})
        EXPECT_FALSE(is_action(name)) << name;
}

TEST(ForeignActions, stand_for_operations_and_are_none) {
    EXPECT_EQ(operations_for_foreign_action("ListBucket"), "ListObjects, ListObjectsV2 and HeadBucket");
    EXPECT_EQ(operations_for_foreign_action("ListMultipartUploadParts"), "ListParts");
    for (const auto* name : {"PutObject", "ListBuckets", "listbucket", "ListBucketX", "*", ""})
        EXPECT_EQ(operations_for_foreign_action(name), "") << name;
    for (const ApiOperation& operation : api_operations())
        EXPECT_EQ(operations_for_foreign_action(operation.name), "") << operation.name;
}

}  // namespace
}  // namespace sallyport::gateway
