#include "gateway/rules/store_names.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr const char* refused = "(refused)";

/// What a client hears of `document`, in pieces; `refused` for a fault.
std::string heard(const std::string& document, bool is_encoded = false, std::size_t piece = 5) {
    const auto texts = answer_for_client(
        {{"logs", "acme-logs", "eu/"}, "https://gate.example:8443", "a/b c.txt", is_encoded});
    std::string out;
    for (std::size_t at = 0; at < document.size(); at += piece) {
        if (texts->update(std::string_view(document).substr(at, piece), out)) return refused;
    }
    return texts->finish(out) ? refused : out;
}

/// `text` in elements: "A/B" around "x" is "<A><B>x</B></A>".
std::string in(const std::string& path, const std::string& text) {
    const auto slash = path.find('/');
    const std::string name = path.substr(0, slash);
    const std::string inner = slash == path.npos ? text : in(path.substr(slash + 1), text);
    return "<" + name + ">" + inner + "</" + name + ">";
}

struct NameCase {
    const char* path;
    const char* kind;
};

/// S3 API, "Response Syntax" of ListObjects, ListObjectsV2, ListObjectVersions, ListMultipartUploads,
/// ListParts, CreateMultipartUpload, CompleteMultipartUpload and DeleteObjects: all that names buckets or
/// keys.
const NameCase name_cases[] = {
    {"ListBucketResult/Name", "bucket"},
    {"ListBucketResult/Prefix", "key"},
    {"ListBucketResult/Marker", "key"},
    {"ListBucketResult/NextMarker", "key"},
    {"ListBucketResult/StartAfter", "key"},
    {"ListBucketResult/ContinuationToken", "token"},
    {"ListBucketResult/NextContinuationToken", "token"},
    {"ListBucketResult/Contents/Key", "key"},
    {"ListBucketResult/CommonPrefixes/Prefix", "key"},
    {"ListVersionsResult/Name", "bucket"},
    {"ListVersionsResult/Prefix", "key"},
    {"ListVersionsResult/KeyMarker", "key"},
    {"ListVersionsResult/NextKeyMarker", "key"},
    {"ListVersionsResult/Version/Key", "key"},
    {"ListVersionsResult/DeleteMarker/Key", "key"},
    {"ListVersionsResult/CommonPrefixes/Prefix", "key"},
    {"ListMultipartUploadsResult/Bucket", "bucket"},
    {"ListMultipartUploadsResult/Prefix", "key"},
    {"ListMultipartUploadsResult/KeyMarker", "key"},
    {"ListMultipartUploadsResult/NextKeyMarker", "key"},
    {"ListMultipartUploadsResult/Upload/Key", "key"},
    {"ListMultipartUploadsResult/CommonPrefixes/Prefix", "key"},
    {"ListPartsResult/Bucket", "bucket"},
    {"ListPartsResult/Key", "key"},
    {"InitiateMultipartUploadResult/Bucket", "bucket"},
    {"InitiateMultipartUploadResult/Key", "plain key"},
    {"CompleteMultipartUploadResult/Bucket", "bucket"},
    {"CompleteMultipartUploadResult/Key", "plain key"},
    {"CompleteMultipartUploadResult/Location", "location"},
    {"DeleteResult/Deleted/Key", "plain key"},
    {"DeleteResult/Error/Key", "plain key"},
    {"DeleteResult/Error/Message", "message"},
    {"Error/Message", "message"},
    {"Error/BucketName", "hidden"},
    {"Error/Key", "hidden"},
    {"Error/StringToSign", "hidden"},
};

class NamedElement : public testing::TestWithParam<NameCase> {
  protected:
    std::string heard_of(const std::string& text, bool is_encoded = false) const {
        return heard(in(GetParam().path, text), is_encoded);
    }
    std::string told(const std::string& text) const { return in(GetParam().path, text); }
};

TEST_P(NamedElement, has_the_names_of_the_client) {
    const std::string kind = GetParam().kind;
    if (kind == "bucket") {
        EXPECT_EQ(heard_of("acme-logs"), told("logs"));
        for (const char* foreign : {"acme-logs-2", "acme", "logs", "eu", "Acme-logs", "acme-logs "})
            EXPECT_EQ(heard_of(foreign), refused) << foreign;
    } else if (kind == "key" || kind == "plain key") {
        EXPECT_EQ(heard_of("eu/a/b&amp;c"), told("a/b&amp;c"));
        EXPECT_EQ(heard_of("<![CDATA[eu/<a>]]>"), told("&lt;a&gt;"));
        EXPECT_EQ(heard_of("&#101;u&#47;a"), told("a"));
        EXPECT_EQ(heard_of("eu/eu/a"), told("eu/a"));
        EXPECT_EQ(heard_of("eu/"), told(""));
        for (const char* foreign :
             {"us/a", "eu", "EU/a", "a", "/eu/a", "eu%2Fa", "eux/a", " eu/a", "us/eu/a"})
            EXPECT_EQ(heard_of(foreign), refused) << foreign;
        EXPECT_EQ(heard_of("eu%2Fa%20b", true), kind == "key" ? told("a%20b") : refused);
        EXPECT_EQ(heard_of("us%2Fa", true), refused);
        EXPECT_EQ(heard_of("eu/a%20b", true), told("a%20b"));
    } else if (kind == "token") {
        EXPECT_EQ(heard_of("1ueGcx/=="), told("t:1ueGcx/=="));
        EXPECT_EQ(heard_of("eu/a&amp;b"), told("k:a&amp;b"));
    } else if (kind == "location") {
        EXPECT_EQ(heard_of("http://10.0.0.1:9000/acme-logs/eu/a/b%20c.txt"),
                  told("https://gate.example:8443/logs/a/b%20c.txt"));
        EXPECT_EQ(heard_of("anything"), told("https://gate.example:8443/logs/a/b%20c.txt"));
    } else if (kind == "hidden") {
        EXPECT_EQ(heard_of("AQoDYXdzEPT of acme-logs"), told(""));
    } else {
        ASSERT_EQ(kind, "message");
        EXPECT_EQ(heard_of("AKIASTORE may not s3:DeleteObject on acme-logs/eu/a"),
                  told("The store refused it."));
    }
    EXPECT_EQ(heard_of(""), told(""));
}
INSTANTIATE_TEST_SUITE_P(table, NamedElement, testing::ValuesIn(name_cases), [](const auto& row) {
    std::string name = row.param.path;
    std::ranges::replace(name, '/', '_');
    return name;
});

TEST(StoreNames, leave_what_names_nothing) {
    for (const char* path :
         {"ListBucketResult/Delimiter", "ListBucketResult/Contents/ETag", "ListBucketResult/Contents/Size",
          "ListBucketResult/Contents/Tag/Key", "ListBucketResult/Contents/Owner/ID", "Tagging/TagSet/Tag/Key",
          "ListVersionsResult/Version/VersionId", "ListMultipartUploadsResult/Upload/UploadId",
          "CompleteMultipartUploadResult/ETag", "DeleteResult/Error/Code", "DeleteResult/Deleted/VersionId",
          "DeleteResult/Key", "Key", "Error/Code", "Error/RequestId", "listbucketresult/Name"})
        EXPECT_EQ(heard(in(path, "us/acme-logs")), in(path, "us/acme-logs")) << path;
}

/// As radosgw and MinIO write it, with all that one answer has.
TEST(StoreNames, change_a_whole_list_at_any_cut) {
    const std::string store =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>acme-logs</Name><Prefix>eu/</Prefix>"
        "<Marker></Marker><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>false</IsTruncated>"
        "<Contents><Key>eu/a&#38;b</Key><ETag>&#34;e&#34;</ETag></Contents><Contents><Key>eu/\xC3\xA9</Key>"
        "</Contents><CommonPrefixes><Prefix>eu/d/</Prefix></CommonPrefixes></ListBucketResult>\n";
    const std::string client =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>logs</Name><Prefix></Prefix>"
        "<Marker></Marker><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>false</IsTruncated>"
        "<Contents><Key>a&amp;b</Key><ETag>&#34;e&#34;</ETag></Contents><Contents><Key>\xC3\xA9</Key>"
        "</Contents><CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes></ListBucketResult>\n";
    for (std::size_t piece = 1; piece < store.size() + 1; ++piece)
        ASSERT_EQ(heard(store, false, piece), client) << piece;
}

TEST(StoreNames, are_in_the_answers_of_these_actions) {
    for (const char* action :
         {"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads", "ListParts",
          "CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects"})
        EXPECT_TRUE(names_objects(action)) << action;
    for (const char* action :
         {"GetObject", "PutObject", "GetObjectTagging", "HeadBucket", "GetBucketLocation", ""})
        EXPECT_FALSE(names_objects(action)) << action;
}

}  // namespace
}  // namespace sallyport::gateway
