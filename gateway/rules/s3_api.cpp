#include "gateway/rules/s3_api.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::string_view of_read[] = {
    "partNumber=#",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "x-amz-checksum-mode=ENABLED",  // SDKs sign this field into the query of a presigned URL
};
constexpr std::string_view of_list[] = {"delimiter", "encoding-type", "marker", "max-keys", "prefix"};
constexpr std::string_view of_list_v2[] = {"continuation-token", "delimiter", "encoding-type", "fetch-owner",
                                           "max-keys",           "prefix",    "start-after"};
constexpr std::string_view of_versions[] = {"delimiter", "encoding-type", "key-marker",
                                            "max-keys",  "prefix",        "version-id-marker"};
constexpr std::string_view of_uploads[] = {"delimiter",   "encoding-type", "key-marker",
                                           "max-uploads", "prefix",        "upload-id-marker"};
constexpr std::string_view of_parts[] = {"encoding-type", "max-parts", "part-number-marker"};
constexpr std::string_view of_buckets[] = {"bucket-region", "continuation-token", "max-buckets", "prefix"};
constexpr std::string_view of_directory_buckets[] = {"continuation-token", "max-directory-buckets"};
constexpr std::string_view of_annotations[] = {"annotation-prefix", "continuation-token",
                                               "max-annotation-results"};
constexpr std::string_view of_pages[] = {"continuation-token"};

constexpr auto service = Level::service;
constexpr auto bucket = Level::bucket;
constexpr auto object = Level::object;

constexpr ApiOperation operations[] = {
    // objects
    {"GET", object, {}, "GetObject", of_read, "GetObjectVersion"},
    {"HEAD", object, {}, "HeadObject", of_read, "GetObjectVersion"},
    {"PUT", object, {}, "PutObject"},
    {"DELETE", object, {}, "DeleteObject", {}, "DeleteObjectVersion"},
    {"GET", object, {"attributes"}, "GetObjectAttributes", {}, "GetObjectVersionAttributes"},
    {"GET", object, {"torrent"}, "GetObjectTorrent"},
    {"POST", object, {"restore"}, "RestoreObject", {}, "RestoreObject"},
    {"POST", object, {"select", "select-type=2"}, "SelectObjectContent"},
    {"PUT", object, {"renameObject"}, "RenameObject"},
    {"PUT", object, {"encryption"}, "UpdateObjectEncryption", {}, "UpdateObjectEncryption"},
    // access, tags, locks and annotations of objects
    {"GET", object, {"acl"}, "GetObjectAcl", {}, "GetObjectVersionAcl"},
    {"PUT", object, {"acl"}, "PutObjectAcl", {}, "PutObjectVersionAcl"},
    {"GET", object, {"tagging"}, "GetObjectTagging", {}, "GetObjectVersionTagging"},
    {"PUT", object, {"tagging"}, "PutObjectTagging", {}, "PutObjectVersionTagging"},
    {"DELETE", object, {"tagging"}, "DeleteObjectTagging", {}, "DeleteObjectVersionTagging"},
    {"GET", object, {"legal-hold"}, "GetObjectLegalHold", {}, "GetObjectLegalHold"},
    {"PUT", object, {"legal-hold"}, "PutObjectLegalHold", {}, "PutObjectLegalHold"},
    {"GET", object, {"retention"}, "GetObjectRetention", {}, "GetObjectRetention"},
    {"PUT", object, {"retention"}, "PutObjectRetention", {}, "PutObjectRetention"},
    {"GET",
     object,
     {"annotation", "annotationName=*"},
     "GetObjectAnnotation",
     {},
     "GetObjectVersionAnnotation"},
    {"PUT",
     object,
     {"annotation", "annotationName=*"},
     "PutObjectAnnotation",
     {},
     "PutObjectVersionAnnotation"},
    {"DELETE",
     object,
     {"annotation", "annotationName=*"},
     "DeleteObjectAnnotation",
     {},
     "DeleteObjectVersionAnnotation"},
    {"GET", object, {"annotation"}, "ListObjectAnnotations", of_annotations, "ListObjectVersionAnnotations"},
    // multipart uploads
    {"POST", object, {"uploads"}, "CreateMultipartUpload"},
    {"PUT", object, {"partNumber=#", "uploadId=*"}, "UploadPart"},
    {"POST", object, {"uploadId=*"}, "CompleteMultipartUpload"},
    {"DELETE", object, {"uploadId=*"}, "AbortMultipartUpload"},
    {"GET", object, {"uploadId=*"}, "ListParts", of_parts},
    {"GET", bucket, {"uploads"}, "ListMultipartUploads", of_uploads},
    // buckets and lists
    {"GET", service, {}, "ListBuckets", of_buckets},
    {"GET", service, {"x-id=ListDirectoryBuckets"}, "ListDirectoryBuckets", of_directory_buckets},
    {"HEAD", bucket, {}, "HeadBucket"},
    {"PUT", bucket, {}, "CreateBucket"},
    {"DELETE", bucket, {}, "DeleteBucket"},
    {"GET", bucket, {}, "ListObjects", of_list},
    {"GET", bucket, {"list-type=2"}, "ListObjectsV2", of_list_v2},
    {"GET", bucket, {"versions"}, "ListObjectVersions", of_versions},
    {"POST", bucket, {"delete"}, "DeleteObjects"},
    {"GET", bucket, {"location"}, "GetBucketLocation"},
    {"GET", bucket, {"session"}, "CreateSession"},
    {"POST", Level::route, {}, "WriteGetObjectResponse"},
    // access to buckets
    {"GET", bucket, {"acl"}, "GetBucketAcl"},
    {"PUT", bucket, {"acl"}, "PutBucketAcl"},
    {"GET", bucket, {"policy"}, "GetBucketPolicy"},
    {"PUT", bucket, {"policy"}, "PutBucketPolicy"},
    {"DELETE", bucket, {"policy"}, "DeleteBucketPolicy"},
    {"GET", bucket, {"policyStatus"}, "GetBucketPolicyStatus"},
    {"GET", bucket, {"publicAccessBlock"}, "GetPublicAccessBlock"},
    {"PUT", bucket, {"publicAccessBlock"}, "PutPublicAccessBlock"},
    {"DELETE", bucket, {"publicAccessBlock"}, "DeletePublicAccessBlock"},
    {"GET", bucket, {"ownershipControls"}, "GetBucketOwnershipControls"},
    {"PUT", bucket, {"ownershipControls"}, "PutBucketOwnershipControls"},
    {"DELETE", bucket, {"ownershipControls"}, "DeleteBucketOwnershipControls"},
    {"GET", bucket, {"abac"}, "GetBucketAbac"},
    {"PUT", bucket, {"abac"}, "PutBucketAbac"},
    {"GET", bucket, {"cors"}, "GetBucketCors"},
    {"PUT", bucket, {"cors"}, "PutBucketCors"},
    {"DELETE", bucket, {"cors"}, "DeleteBucketCors"},
    // what buckets do with objects
    {"GET", bucket, {"versioning"}, "GetBucketVersioning"},
    {"PUT", bucket, {"versioning"}, "PutBucketVersioning"},
    {"GET", bucket, {"object-lock"}, "GetObjectLockConfiguration"},
    {"PUT", bucket, {"object-lock"}, "PutObjectLockConfiguration"},
    {"GET", bucket, {"lifecycle"}, "GetBucketLifecycleConfiguration"},
    {"PUT", bucket, {"lifecycle"}, "PutBucketLifecycleConfiguration"},
    {"DELETE", bucket, {"lifecycle"}, "DeleteBucketLifecycle"},
    {"GET", bucket, {"encryption"}, "GetBucketEncryption"},
    {"PUT", bucket, {"encryption"}, "PutBucketEncryption"},
    {"DELETE", bucket, {"encryption"}, "DeleteBucketEncryption"},
    {"GET", bucket, {"replication"}, "GetBucketReplication"},
    {"PUT", bucket, {"replication"}, "PutBucketReplication"},
    {"DELETE", bucket, {"replication"}, "DeleteBucketReplication"},
    {"GET", bucket, {"website"}, "GetBucketWebsite"},
    {"PUT", bucket, {"website"}, "PutBucketWebsite"},
    {"DELETE", bucket, {"website"}, "DeleteBucketWebsite"},
    {"GET", bucket, {"tagging"}, "GetBucketTagging"},
    {"PUT", bucket, {"tagging"}, "PutBucketTagging"},
    {"DELETE", bucket, {"tagging"}, "DeleteBucketTagging"},
    {"GET", bucket, {"logging"}, "GetBucketLogging"},
    {"PUT", bucket, {"logging"}, "PutBucketLogging"},
    {"GET", bucket, {"notification"}, "GetBucketNotificationConfiguration"},
    {"PUT", bucket, {"notification"}, "PutBucketNotificationConfiguration"},
    {"GET", bucket, {"accelerate"}, "GetBucketAccelerateConfiguration"},
    {"PUT", bucket, {"accelerate"}, "PutBucketAccelerateConfiguration"},
    {"GET", bucket, {"requestPayment"}, "GetBucketRequestPayment"},
    {"PUT", bucket, {"requestPayment"}, "PutBucketRequestPayment"},
    // reports about buckets
    {"GET", bucket, {"analytics"}, "ListBucketAnalyticsConfigurations", of_pages},
    {"GET", bucket, {"analytics", "id=*"}, "GetBucketAnalyticsConfiguration"},
    {"PUT", bucket, {"analytics", "id=*"}, "PutBucketAnalyticsConfiguration"},
    {"DELETE", bucket, {"analytics", "id=*"}, "DeleteBucketAnalyticsConfiguration"},
    {"GET", bucket, {"intelligent-tiering"}, "ListBucketIntelligentTieringConfigurations", of_pages},
    {"GET", bucket, {"intelligent-tiering", "id=*"}, "GetBucketIntelligentTieringConfiguration"},
    {"PUT", bucket, {"intelligent-tiering", "id=*"}, "PutBucketIntelligentTieringConfiguration"},
    {"DELETE", bucket, {"intelligent-tiering", "id=*"}, "DeleteBucketIntelligentTieringConfiguration"},
    {"GET", bucket, {"inventory"}, "ListBucketInventoryConfigurations", of_pages},
    {"GET", bucket, {"inventory", "id=*"}, "GetBucketInventoryConfiguration"},
    {"PUT", bucket, {"inventory", "id=*"}, "PutBucketInventoryConfiguration"},
    {"DELETE", bucket, {"inventory", "id=*"}, "DeleteBucketInventoryConfiguration"},
    {"GET", bucket, {"metrics"}, "ListBucketMetricsConfigurations", of_pages},
    {"GET", bucket, {"metrics", "id=*"}, "GetBucketMetricsConfiguration"},
    {"PUT", bucket, {"metrics", "id=*"}, "PutBucketMetricsConfiguration"},
    {"DELETE", bucket, {"metrics", "id=*"}, "DeleteBucketMetricsConfiguration"},
    {"POST", bucket, {"metadataConfiguration"}, "CreateBucketMetadataConfiguration"},
    {"GET", bucket, {"metadataConfiguration"}, "GetBucketMetadataConfiguration"},
    {"DELETE", bucket, {"metadataConfiguration"}, "DeleteBucketMetadataConfiguration"},
    {"POST", bucket, {"metadataTable"}, "CreateBucketMetadataTableConfiguration"},
    {"GET", bucket, {"metadataTable"}, "GetBucketMetadataTableConfiguration"},
    {"DELETE", bucket, {"metadataTable"}, "DeleteBucketMetadataTableConfiguration"},
    {"PUT", bucket, {"metadataInventoryTable"}, "UpdateBucketMetadataInventoryTableConfiguration"},
    {"PUT", bucket, {"metadataJournalTable"}, "UpdateBucketMetadataJournalTableConfiguration"},
    {"PUT", bucket, {"metadataAnnotationTable"}, "UpdateBucketMetadataAnnotationTableConfiguration"},
};

struct CopyingOperation {
    std::string_view without_source;
    std::string_view name;
};
constexpr CopyingOperation copying[] = {{"PutObject", "CopyObject"}, {"UploadPart", "UploadPartCopy"}};

constexpr FieldAction fields[] = {
    {"x-amz-acl", "PutObjectAcl", "PutBucketAcl"},
    {"x-amz-grant-", "PutObjectAcl", "PutBucketAcl"},
    {"x-amz-tagging", "PutObjectTagging", "PutBucketTagging"},
    {"x-amz-object-lock-legal-hold", "PutObjectLegalHold", unknown_action},
    {"x-amz-object-lock-", "PutObjectRetention", unknown_action},
    {"x-amz-bypass-governance-retention", "BypassGovernanceRetention", "BypassGovernanceRetention"},
    {"x-amz-website-redirect-location", "PutObjectAcl", unknown_action},
    {"x-amz-object-ownership", "", "PutBucketOwnershipControls"},
    {"x-amz-bucket-object-lock-enabled", "", "PutObjectLockConfiguration"},
    // Whether the condition holds tells what is there.
    {"if-match", "GetObject", "", true},
    {"x-amz-if-match-", "GetObject", "", true},
    {"x-amz-object-if-match", "GetObject", "", true},
    // Of other protocols: a proxy before the store, or its framework, may obey.
    {"x-http-method", unknown_action, unknown_action},
    {"x-method-override", unknown_action, unknown_action},
    {"x-original-url", unknown_action, unknown_action},
    {"x-rewrite-url", unknown_action, unknown_action},
};

constexpr std::string_view signature_parameters[] = {
    "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",           "X-Amz-Expires",
    "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Security-Token", "X-Amz-Content-Sha256",
};

/// Sub-resources that stores in use (Ceph 16) pass over in silence. To those, `DELETE /bucket?inventory&id=1`
/// deletes the bucket, and `GET /bucket/key?attributes` is answered with the object.
constexpr std::string_view not_known_everywhere[] = {
    "abac",
    "accelerate",
    "analytics",
    "annotation",
    "attributes",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "metrics",
    "ownershipControls",
    "renameObject",
    "session",
    "torrent",
};

struct ForeignAction {
    std::string_view name;
    std::string_view operations;
};
constexpr ForeignAction foreign[] = {
    {"ListAllMyBuckets", "ListBuckets"},
    {"ListAllMyDirectoryBuckets", "ListDirectoryBuckets"},
    {"ListBucket", "ListObjects, ListObjectsV2 and HeadBucket"},
    {"ListBucketVersions", "ListObjectVersions"},
    {"ListBucketMultipartUploads", "ListMultipartUploads"},
    {"ListMultipartUploadParts", "ListParts"},
    {"HeadObjectVersion", "HeadObject and GetObjectVersion"},
    {"GetBucketCORS", "GetBucketCors"},
    {"PutBucketCORS", "PutBucketCors and DeleteBucketCors"},
    {"GetLifecycleConfiguration", "GetBucketLifecycleConfiguration"},
    {"PutLifecycleConfiguration", "PutBucketLifecycleConfiguration and DeleteBucketLifecycle"},
    {"GetBucketLifecycle", "GetBucketLifecycleConfiguration"},
    {"PutBucketLifecycle", "PutBucketLifecycleConfiguration"},
    {"GetEncryptionConfiguration", "GetBucketEncryption"},
    {"PutEncryptionConfiguration", "PutBucketEncryption and DeleteBucketEncryption"},
    {"GetReplicationConfiguration", "GetBucketReplication"},
    {"PutReplicationConfiguration", "PutBucketReplication and DeleteBucketReplication"},
    {"GetAccelerateConfiguration", "GetBucketAccelerateConfiguration"},
    {"PutAccelerateConfiguration", "PutBucketAccelerateConfiguration"},
    {"GetAnalyticsConfiguration", "GetBucketAnalyticsConfiguration and ListBucketAnalyticsConfigurations"},
    {"PutAnalyticsConfiguration", "PutBucketAnalyticsConfiguration and DeleteBucketAnalyticsConfiguration"},
    {"GetInventoryConfiguration", "GetBucketInventoryConfiguration and ListBucketInventoryConfigurations"},
    {"PutInventoryConfiguration", "PutBucketInventoryConfiguration and DeleteBucketInventoryConfiguration"},
    {"GetMetricsConfiguration", "GetBucketMetricsConfiguration and ListBucketMetricsConfigurations"},
    {"PutMetricsConfiguration", "PutBucketMetricsConfiguration and DeleteBucketMetricsConfiguration"},
    {"GetIntelligentTieringConfiguration",
     "GetBucketIntelligentTieringConfiguration and ListBucketIntelligentTieringConfigurations"},
    {"PutIntelligentTieringConfiguration",
     "PutBucketIntelligentTieringConfiguration and DeleteBucketIntelligentTieringConfiguration"},
    {"GetBucketNotification", "GetBucketNotificationConfiguration"},
    {"PutBucketNotification", "PutBucketNotificationConfiguration"},
    {"GetBucketObjectLockConfiguration", "GetObjectLockConfiguration"},
    {"PutBucketObjectLockConfiguration", "PutObjectLockConfiguration"},
    {"GetBucketPublicAccessBlock", "GetPublicAccessBlock"},
    {"PutBucketPublicAccessBlock", "PutPublicAccessBlock and DeletePublicAccessBlock"},
};

}  // namespace

std::span<const ApiOperation> api_operations() noexcept {
    return operations;
}

std::string_view copying_operation(std::string_view name) noexcept {
    const auto found = std::ranges::find(copying, name, &CopyingOperation::without_source);
    return found == std::end(copying) ? unknown_action : found->name;
}

std::span<const FieldAction> field_actions() noexcept {
    return fields;
}

bool is_signature_parameter(std::string_view name) noexcept {
    return std::ranges::find(signature_parameters, name) != std::end(signature_parameters);
}

bool is_hoisted_field(const ApiOperation& operation, std::string_view parameter) noexcept {
    constexpr std::string_view hoisted[] = {"x-amz-checksum-", "x-amz-sdk-checksum-algorithm", "x-amz-meta-"};
    const bool uploads =
        operation.level == object && (operation.method == "PUT" || operation.method == "POST");
    return uploads && parameter != "x-amz-checksum-mode" &&
           std::ranges::any_of(hoisted, [&](auto beginning) { return parameter.starts_with(beginning); });
}

const ApiOperation* operation_without_selectors(const ApiOperation& operation) noexcept {
    const std::string_view selector = operation.selectors[0];
    if (selector.empty() ||
        std::ranges::find(not_known_everywhere, selector) == std::end(not_known_everywhere))
        return nullptr;
    const auto found = std::ranges::find_if(operations, [&](const ApiOperation& other) {
        return other.method == operation.method && other.level == operation.level &&
               other.selectors[0].empty();
    });
    return found == std::end(operations) ? nullptr : &*found;
}

bool is_action(std::string_view name) noexcept {
    constexpr std::string_view by_field = "BypassGovernanceRetention";
    const auto is_name = [&](const ApiOperation& operation) {
        return operation.name == name || operation.version_name == name;
    };
    return !name.empty() && (name == by_field || std::ranges::any_of(operations, is_name) ||
                             std::ranges::find(copying, name, &CopyingOperation::name) != std::end(copying));
}

std::string_view operations_for_foreign_action(std::string_view name) noexcept {
    const auto found = std::ranges::find(foreign, name, &ForeignAction::name);
    return found == std::end(foreign) ? std::string_view{} : found->operations;
}

}  // namespace sallyport::gateway
