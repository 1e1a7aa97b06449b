#include "gateway/rules/s3_operation.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

struct ParameterRow {
    const char* name;
    const char* method;
    const char* target;
    const char* elsewhere_method;  ///< a request to which the same parameter means nothing
    const char* elsewhere;
};

/// Parameters that refine an operation: none of them goes with every operation.
const ParameterRow parameter_rows[] = {
    {"part_number", "GET", "/bkt/k?partNumber=2", "PUT", "/bkt/k?partNumber=2"},
    {"part_number_of_head", "HEAD", "/bkt/k?partNumber=2", "DELETE", "/bkt/k?partNumber=2"},
    {"largest_part_number", "GET", "/bkt/k?partNumber=10000", "GET", "/bkt/k?partNumber=100000"},
    {"part_number_is_a_number", "GET", "/bkt/k?partNumber=1", "GET", "/bkt/k?partNumber=a"},
    {"part_number_is_not_empty", "GET", "/bkt/k?partNumber=1", "GET", "/bkt/k?partNumber"},
    {"part_number_has_no_sign", "GET", "/bkt/k?partNumber=1", "GET", "/bkt/k?partNumber=-1"},
    {"part_is_numbered", "PUT", "/bkt/k?uploadId=u&partNumber=1", "PUT", "/bkt/k?uploadId=u&partNumber=x"},
    {"part_has_its_upload", "PUT", "/bkt/k?uploadId=u&partNumber=1", "PUT", "/bkt/k?uploadId=&partNumber=1"},
    {"upload_id_is_visible", "POST", "/bkt/k?uploadId=2~u", "POST", "/bkt/k?uploadId=%20"},
    {"upload_id_has_no_zero_byte", "DELETE", "/bkt/k?uploadId=u", "DELETE", "/bkt/k?uploadId=%00u"},
    {"answer_type", "GET", "/bkt/k?response-content-type=a", "PUT", "/bkt/k?response-content-type=a"},
    {"answer_language", "HEAD", "/bkt/k?response-content-language=a", "GET",
     "/bkt/k?acl&response-content-language=a"},
    {"answer_expiry", "GET", "/bkt/k?response-expires=a", "GET", "/bkt?response-expires=a"},
    {"answer_cache", "GET", "/bkt/k?response-cache-control=a", "DELETE", "/bkt/k?response-cache-control=a"},
    {"answer_disposition", "GET", "/bkt/k?response-content-disposition=a", "POST",
     "/bkt/k?uploads&response-content-disposition=a"},
    {"answer_encoding", "GET", "/bkt/k?response-content-encoding=a", "GET",
     "/bkt?location&response-content-encoding=a"},
    {"checksum_mode", "GET", "/bkt/k?x-amz-checksum-mode=ENABLED", "PUT",
     "/bkt/k?x-amz-checksum-mode=ENABLED"},
    {"checksum_mode_has_one_value", "GET", "/bkt/k?x-amz-checksum-mode=ENABLED", "GET",
     "/bkt/k?x-amz-checksum-mode=x"},
    {"prefix", "GET", "/bkt?prefix=p", "GET", "/bkt/k?prefix=p"},
    {"prefix_of_v2", "GET", "/bkt?list-type=2&prefix=p", "GET", "/bkt?policy&prefix=p"},
    {"prefix_of_versions", "GET", "/bkt?versions&prefix=p", "GET", "/bkt?versioning&prefix=p"},
    {"prefix_of_uploads", "GET", "/bkt?uploads&prefix=p", "POST", "/bkt/k?uploads&prefix=p"},
    {"prefix_of_buckets", "GET", "/?prefix=p", "HEAD", "/bkt?prefix=p"},
    {"delimiter", "GET", "/bkt?delimiter=d", "DELETE", "/bkt?delimiter=d"},
    {"encoding_type", "GET", "/bkt?encoding-type=url", "GET", "/bkt/k?encoding-type=url"},
    {"max_keys", "GET", "/bkt?max-keys=5", "GET", "/bkt/k?max-keys=5"},
    {"max_keys_of_versions", "GET", "/bkt?versions&max-keys=5", "GET", "/bkt?uploads&max-keys=5"},
    {"marker", "GET", "/bkt?marker=m", "GET", "/bkt?list-type=2&marker=m"},
    {"start_after", "GET", "/bkt?list-type=2&start-after=k", "GET", "/bkt?start-after=k"},
    {"fetch_owner", "GET", "/bkt?list-type=2&fetch-owner=true", "GET", "/bkt?fetch-owner=true"},
    {"continuation", "GET", "/bkt?list-type=2&continuation-token=t", "GET", "/bkt?continuation-token=t"},
    {"continuation_of_inventories", "GET", "/bkt?inventory&continuation-token=t", "GET",
     "/bkt?inventory&id=1&continuation-token=t"},
    {"list_type", "GET", "/bkt?list-type=2", "GET", "/bkt/k?list-type=2"},
    {"list_type_has_one_value", "GET", "/bkt?list-type=2", "GET", "/bkt?list-type=02"},
    {"list_type_has_a_value", "GET", "/bkt?list-type=2", "GET", "/bkt?list-type"},
    {"key_marker", "GET", "/bkt?versions&key-marker=k", "GET", "/bkt?key-marker=k"},
    {"version_marker", "GET", "/bkt?versions&version-id-marker=v", "GET", "/bkt?uploads&version-id-marker=v"},
    {"upload_marker", "GET", "/bkt?uploads&upload-id-marker=u", "GET", "/bkt?versions&upload-id-marker=u"},
    {"max_uploads", "GET", "/bkt?uploads&max-uploads=5", "GET", "/bkt?max-uploads=5"},
    {"max_parts", "GET", "/bkt/k?uploadId=u&max-parts=5", "GET", "/bkt/k?max-parts=5"},
    {"part_marker", "GET", "/bkt/k?uploadId=u&part-number-marker=5", "POST",
     "/bkt/k?uploadId=u&part-number-marker=5"},
    {"max_buckets", "GET", "/?max-buckets=5", "GET", "/bkt?max-buckets=5"},
    {"bucket_region", "GET", "/?bucket-region=r", "PUT", "/bkt?bucket-region=r"},
    {"max_directory_buckets", "GET", "/?x-id=ListDirectoryBuckets&max-directory-buckets=5", "GET",
     "/?max-directory-buckets=5"},
    {"annotation_prefix", "GET", "/bkt/k?annotation&annotation-prefix=a", "GET",
     "/bkt/k?annotation&annotationName=n&annotation-prefix=a"},
    {"report_id", "GET", "/bkt?metrics&id=1", "GET", "/bkt?id=1"},
    {"report_id_of_one_report", "PUT", "/bkt?analytics&id=1", "PUT", "/bkt?analytics&metrics&id=1"},
    {"version", "GET", "/bkt/k?versionId=v", "GET", "/bkt?versionId=v"},
    {"sdk_name", "GET", "/bkt/k?x-id=GetObject", "GET", "/bkt/k?x-id=HeadObject"},
    {"sdk_name_of_put", "PUT", "/bkt/k?x-id=PutObject", "PUT", "/bkt/k?x-id=CopyObject"},
    {"sdk_name_of_part", "PUT", "/bkt/k?partNumber=1&uploadId=u&x-id=UploadPart", "PUT",
     "/bkt/k?partNumber=1&uploadId=u&x-id=PutObject"},
    {"sdk_name_of_delete", "DELETE", "/bkt/k?x-id=DeleteObject", "DELETE", "/bkt/k?x-id=deleteobject"},
    {"sdk_name_of_a_version", "GET", "/bkt/k?versionId=v&x-id=GetObject", "GET",
     "/bkt/k?versionId=v&x-id=GetObjectVersion"},
    {"sdk_name_of_buckets", "GET", "/?x-id=ListBuckets", "GET", "/?x-id="},
    {"flag_without_value", "GET", "/bkt/k?acl=", "GET", "/bkt/k?acl=1"},
    {"signature", "PUT", "/bkt/k?X-Amz-Signature=00", "PUT", "/bkt/k?X-Amz-Signatur=00"},
    {"signature_on_a_list", "GET", "/bkt?X-Amz-Date=d&X-Amz-Expires=5", "GET", "/bkt?x-amz-date=d"},
    {"signature_of_version_two", "GET", "/bkt/k?X-Amz-Algorithm=a", "GET",
     "/bkt/k?AWSAccessKeyId=k&Signature=s&Expires=1"},
    {"field_signed_into_the_query", "PUT", "/bkt/k?X-Amz-SignedHeaders=host", "PUT",
     "/bkt/k?x-amz-acl=public-read"},
    {"extension_of_radosgw", "PUT", "/bkt/k", "PUT", "/bkt/k?append&position=0"},
    {"extension_of_radosgw_lists", "GET", "/bkt?list-type=2", "GET", "/bkt?list-type=2&allow-unordered=true"},
    {"extension_of_minio", "DELETE", "/bkt", "DELETE", "/bkt?force=true"},
    {"extension_of_swift", "GET", "/bkt", "GET", "/bkt?format=json"},
};

class Parameters : public testing::TestWithParam<ParameterRow> {};

TEST_P(Parameters, belong_to_their_operations) {
    const auto here = classify({GetParam().method, GetParam().target, 11, {}});
    ASSERT_TRUE(here) << here.error().detail;
    EXPECT_NE(here->action, unknown_action);
    const auto elsewhere = classify({GetParam().elsewhere_method, GetParam().elsewhere, 11, {}});
    ASSERT_TRUE(elsewhere) << elsewhere.error().detail;
    EXPECT_EQ(elsewhere->action, unknown_action);
}
INSTANTIATE_TEST_SUITE_P(table, Parameters, testing::ValuesIn(parameter_rows),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
