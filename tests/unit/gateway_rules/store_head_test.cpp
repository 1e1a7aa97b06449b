#include "gateway/rules/store_head.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

/// A signer at noon of one day.
class StoreHead : public testing::Test {
  protected:
    s3::AccessKey access_key = s3::AccessKey::parse("STOREKEY").value();
    std::chrono::sys_seconds time = s3::parse_amz_date("20260301T120000Z").value();
    s3::CredentialScope scope{"20260301", "eu-west-1"};
    s3::SigningKey key{*s3::SecretKey::parse("storesecret/+1"), scope};
    StoreTarget target{nullptr, "store.example:9000", "/acme-logs/k"};
    BucketMapping mapping{"logs", "acme-logs", ""};
    Delivery delivery;
    StorePayload payload{"UNSIGNED-PAYLOAD"};

    Result<SignedHead> made(const RequestHead& head, std::string_view token = {}) const {
        return signed_head(head, target, delivery, payload, {access_key, key, scope, token, time});
    }
    std::string text(const RequestHead& head, std::string_view token = {}) const {
        const auto head_for_store = made(head, token);
        return head_for_store ? head_for_store->text : "!" + head_for_store.error().detail;
    }
};

/// The signatures here and below are botocore's, of the same requests.
TEST_F(StoreHead, is_signed_as_botocore_signs) {
    target.target = "/acme-logs/eu/a%20b.txt?x-id=PutObject";
    payload.hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    delivery.framing = Framing::length;
    delivery.content_length = 5;
    delivery.expects_continue = true;
    const RequestHead head{"PUT",
                           "/logs/a%20b.txt?x-id=PutObject",
                           11,
                           {{"Host", "gate.example:8443"},
                            {"User-Agent", "aws-cli/2"},
                            {"Expect", "100-continue"},
                            {"Content-Type", "text/plain"},
                            {"Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="},
                            {"X-Amz-Date", "20260301T115959Z"},
                            {"X-Amz-Meta-Device", "A1  B2"},
                            {"X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"},
                            {"X-Amz-Security-Token", "the client's"},
                            {"Authorization", "AWS4-HMAC-SHA256 Credential=CLIENT/x, Signature=00"},
                            {"Content-Length", "5"},
                            {"Connection", "keep-alive"}}};
    EXPECT_EQ(text(head, "to/ken=="),
              "PUT /acme-logs/eu/a%20b.txt?x-id=PutObject HTTP/1.1\r\n"
              "Host: store.example:9000\r\n"
              "User-Agent: aws-cli/2\r\n"
              "Expect: 100-continue\r\n"
              "Content-Type: text/plain\r\n"
              "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n"
              "X-Amz-Meta-Device: A1  B2\r\n"
              "x-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n"
              "x-amz-date: 20260301T120000Z\r\n"
              "x-amz-security-token: to/ken==\r\n"
              "Authorization: AWS4-HMAC-SHA256 Credential=STOREKEY/20260301/eu-west-1/s3/aws4_request,"
              "SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-device;"
              "x-amz-security-token,"
              "Signature=3f41e1d1b7114f0ce25d437cfa0f22ea4a7ae14164dedb54d75725016fe48fa9\r\n"
              "Content-Length: 5\r\n"
              "\r\n");
}

TEST_F(StoreHead, has_the_least_where_the_client_says_nothing) {
    const auto head_for_store = made({"GET", "/logs/k", 11, {{"Host", "gate.example"}}});
    ASSERT_TRUE(head_for_store);
    EXPECT_EQ(head_for_store->signature, "3cfe6d5eccb9b0289f66c945ddba8583e247d01b188076b6aa8e8576c41aa9eb");
    EXPECT_EQ(head_for_store->text,
              "GET /acme-logs/k HTTP/1.1\r\n"
              "Host: store.example:9000\r\n"
              "x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"
              "x-amz-date: 20260301T120000Z\r\n"
              "Authorization: AWS4-HMAC-SHA256 Credential=STOREKEY/20260301/eu-west-1/s3/aws4_request,"
              "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
              "Signature=3cfe6d5eccb9b0289f66c945ddba8583e247d01b188076b6aa8e8576c41aa9eb\r\n\r\n");
}

TEST_F(StoreHead, signs_its_query_and_fields_of_our_own) {
    target.host = "acme-logs.s3.example";
    target.target = "/?list-type=2&prefix=eu%2Fa%20b&delimiter=%2F&continuation-token=1%2B%3D";
    target.fields = {{"x-amz-copy-source", "/acme-logs/eu/x%20y"}};
    const auto head_for_store =
        made({"GET", "/logs", 11, {{"Host", "h"}, {"X-Amz-Copy-Source", "/logs/x%20y"}}});
    ASSERT_TRUE(head_for_store);
    EXPECT_EQ(head_for_store->signature, "a16533a4b9218f8d61b9763944f04f17a4b7b6b40836540831bbaf5596d27287");
    EXPECT_THAT(head_for_store->text, testing::Not(testing::HasSubstr("/logs/x")));
}

TEST_F(StoreHead, signs_a_field_that_stands_twice_once) {
    target.target = "/acme-logs/k";
    const auto head_for_store = made({"PUT", "/logs/k", 11, {{"x-amz-meta-a", "1"}, {"X-Amz-Meta-A", "2"}}});
    ASSERT_TRUE(head_for_store);
    EXPECT_EQ(head_for_store->signature, "19a26a3103902cbbd25e6ebedcc0007e16878325754cd3ffb441f28ced9766fc");
    EXPECT_THAT(head_for_store->text, testing::HasSubstr("\r\nx-amz-meta-a: 1\r\nX-Amz-Meta-A: 2\r\n"));
}

TEST_F(StoreHead, hands_on_only_an_expectation_that_is_waited_for) {
    const RequestHead head{"PUT", "/logs/k", 11, {{"Expect", "100-continue"}}};
    EXPECT_THAT(text(head), testing::Not(testing::HasSubstr("Expect")));
    delivery.expects_continue = true;
    EXPECT_THAT(text(head), testing::HasSubstr("\r\nExpect: 100-continue\r\n"));
}

constexpr const char* passed[] = {"Accept",
                                  "Cache-Control",
                                  "Content-Disposition",
                                  "Content-Encoding",
                                  "Content-Language",
                                  "Content-MD5",
                                  "CONTENT-TYPE",
                                  "Expires",
                                  "If-Match",
                                  "If-Modified-Since",
                                  "If-None-Match",
                                  "If-Unmodified-Since",
                                  "Origin",
                                  "Range",
                                  "User-Agent",
                                  "traceparent",
                                  "x-amz-acl",
                                  "X-AMZ-ACL",
                                  "x-amz-bypass-governance-retention",
                                  "x-amz-checksum-algorithm",
                                  "x-amz-checksum-crc32c",
                                  "x-amz-checksum-mode",
                                  "x-amz-copy-source",
                                  "x-amz-copy-source-if-match",
                                  "x-amz-copy-source-range",
                                  "x-amz-copy-source-server-side-encryption-customer-key",
                                  "x-amz-decoded-content-length",
                                  "x-amz-expected-bucket-owner",
                                  "x-amz-grant-read",
                                  "x-amz-meta-",
                                  "x-amz-meta-device",
                                  "x-amz-metadata-directive",
                                  "x-amz-object-attributes",
                                  "x-amz-object-lock-mode",
                                  "x-amz-request-payer",
                                  "x-amz-sdk-checksum-algorithm",
                                  "x-amz-server-side-encryption",
                                  "x-amz-server-side-encryption-customer-key-MD5",
                                  "x-amz-source-expected-bucket-owner",
                                  "x-amz-storage-class",
                                  "x-amz-tagging",
                                  "x-amz-tagging-directive",
                                  "x-amz-trailer",
                                  "x-amz-website-redirect-location"};

/// A store of some vendor obeys them, or a proxy before it, or they are said anew.
constexpr const char* dropped[] = {"Authorization",
                                   "Connection",
                                   "Cookie",
                                   "Date",
                                   "Forwarded",
                                   "Host",
                                   "If-Range",
                                   "Keep-Alive",
                                   "Proxy-Authorization",
                                   "Referer",
                                   "TE",
                                   "Trailer",
                                   "Via",
                                   "X-Auth-Token",
                                   "X-Forwarded-For",
                                   "X-HTTP-Method-Override",
                                   "X-Real-IP",
                                   "rgwx-uid",
                                   "x-amz",
                                   "x-amz-content-sha256",
                                   "x-amz-date",
                                   "x-amz-security-token",
                                   "x-amz-user-agent",
                                   "x-amzn-trace-id",
                                   "x-goog-meta-a",
                                   "x-minio-force-delete",
                                   "x-minio-source-mtime",
                                   "x-rgw-copy"};

constexpr const char* refused[] = {"x-amz-",
                                   "x-amz-checksum",
                                   "x-amz-create-session-mode",
                                   "x-amz-fwd-status",
                                   "x-amz-grant",
                                   "x-amz-id-2",
                                   "x-amz-meta",
                                   "x-amz-mfa",
                                   "x-amz-object-lock",
                                   "x-amz-replication-status",
                                   "x-amz-request-route",
                                   "X-Amz-S3session-Token",
                                   "x-amz-snowball-extract",
                                   "x-amz-unknown",
                                   "x-amz-version-id"};

TEST_F(StoreHead, lets_pass_what_is_known_and_harmless) {
    for (const char* name : passed)
        EXPECT_THAT(text({"PUT", "/logs/k", 11, {{name, "VALUE"}}}),
                    testing::HasSubstr("\r\n" + std::string(name) + ": VALUE\r\n"));
}

TEST_F(StoreHead, drops_what_is_no_business_of_the_store) {
    for (const char* name : dropped)
        EXPECT_THAT(text({"PUT", "/logs/k", 11, {{name, "VALUE"}}}),
                    testing::AllOf(testing::StartsWith("PUT /acme-logs/k HTTP/1.1\r\nHost: store"),
                                   testing::Not(testing::HasSubstr("VALUE"))))
            << name;
}

TEST_F(StoreHead, refuses_what_s3_might_obey) {
    const auto check = [&](const char* name) {
        const auto head_for_store = made({"PUT", "/logs/k", 11, {{name, "VALUE"}}});
        ASSERT_FALSE(head_for_store) << name;
        EXPECT_EQ(head_for_store.error().status, 501U);
        EXPECT_EQ(head_for_store.error().s3_code, "NotImplemented");
        EXPECT_EQ(head_for_store.error().reason, Reason::malformed);
    };
    for (const char* name : refused)
        check(name);
    target.mapping = &mapping;
    check("x-amz-website-redirect-location");
}

/// They come from the query of a presigned request.
TEST_F(StoreHead, refuses_them_as_fields_of_our_own_too) {
    for (const char* name :
         {"x-amz-unknown", "x-amz-mfa", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token",
          "x-amz-meta-a:b", "x-amz-meta-a b", "x-amz-meta-\xC3\xA9"}) {
        target.fields = {{name, "VALUE"}};
        EXPECT_FALSE(made({"PUT", "/logs/k", 11, {}})) << name;
    }
    target.fields = {{"x-amz-meta-a", "VALUE"}, {"If-None-Match", "*"}, {"content-md5", "m"}};
    EXPECT_TRUE(made({"PUT", "/logs/k", 11, {}}));
}

TEST_F(StoreHead, covers_all_that_counts_with_its_signature) {
    RequestHead head{"PUT", "/logs/k", 11, {}};
    std::string covered;
    for (const char* name :
         {"content-md5", "content-type", "host", "x-amz-acl", "x-amz-checksum-crc32", "x-amz-content-sha256",
          "x-amz-copy-source", "x-amz-date", "x-amz-meta-a", "x-amz-security-token", "x-amz-tagging"}) {
        head.fields.insert(head.fields.begin(), {name, "v"});
        covered += std::string(covered.empty() ? "" : ";") + name;
    }
    head.fields.push_back({"Range", "bytes=0-1"});
    head.fields.push_back({"If-Match", "e"});
    EXPECT_THAT(text(head, "token"), testing::HasSubstr("SignedHeaders=" + covered + ","));
}

struct CodingCase {
    const char* given;
    const char* left;  ///< null: the field goes
};

TEST_F(StoreHead, says_nothing_of_chunks_where_none_are_left) {
    payload.coding = s3::BodyCoding{};
    const CodingCase cases[] = {
        {"aws-chunked", nullptr},
        {"AWS-Chunked", nullptr},
        {"aws-chunked,gzip", "gzip"},
        {"gzip, aws-chunked", "gzip"},
        {"gzip,aws-chunked , br", "gzip, br"},
        {"gzip", "gzip"},
        {"aws-chunked,aws-chunked", nullptr},
        {" , ", nullptr},
        {"aws-chunked-2", "aws-chunked-2"},
    };
    for (const CodingCase& row : cases) {
        const std::string head = text({"PUT", "/logs/k", 11, {{"Content-Encoding", row.given}}});
        if (row.left == nullptr) {
            EXPECT_THAT(head, testing::Not(testing::HasSubstr("Content-Encoding"))) << row.given;
        } else {
            EXPECT_THAT(head, testing::HasSubstr("\r\nContent-Encoding: " + std::string(row.left) + "\r\n"));
        }
    }
    for (const char* name : {"x-amz-decoded-content-length", "X-Amz-Trailer", "x-amz-sdk-checksum-algorithm"})
        EXPECT_THAT(text({"PUT", "/logs/k", 11, {{name, "VALUE"}}}),
                    testing::Not(testing::HasSubstr("VALUE")));
}

TEST_F(StoreHead, says_how_chunks_are_made_where_they_are_left) {
    const RequestHead head{"PUT",
                           "/logs/k",
                           11,
                           {{"Content-Encoding", "gzip,aws-chunked"}, {"x-amz-decoded-content-length", "5"}}};
    for (const auto& coding :
         {std::optional<s3::BodyCoding>(), std::optional(s3::BodyCoding{true, {true, false}})}) {
        payload.coding = coding;
        EXPECT_THAT(text(head), testing::HasSubstr("\r\nContent-Encoding: gzip,aws-chunked\r\n"
                                                   "x-amz-decoded-content-length: 5\r\n"));
    }
}

using Chunks = StoreAddressing::Chunks;

struct PayloadCase {
    const char* promise;  ///< the client's x-amz-content-sha256
    Chunks way;
    std::string hash;
    const char* coding;        ///< "": as it comes
    std::uint64_t length = 0;  ///< of five bytes
};

std::string told(const std::optional<s3::BodyCoding>& coding) {
    if (!coding) return "";
    if (!coding->is_chunked) return "plain";
    return std::string(coding->form.has_signatures ? "signed" : "unsigned") +
           (coding->form.has_trailer ? "+" : "") + coding->trailer;
}

const std::string unsigned_payload = "UNSIGNED-PAYLOAD";
const std::string sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const std::string chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const std::string chunks_trailer = chunks + "-TRAILER";
const std::string only_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

TEST(PayloadForStore, keeps_what_was_promised_as_far_as_the_way_goes) {
    const PayloadCase cases[] = {
        {"UNSIGNED-PAYLOAD", Chunks::as_signed, unsigned_payload, ""},
        {"UNSIGNED-PAYLOAD", Chunks::as_unsigned, unsigned_payload, ""},
        {"UNSIGNED-PAYLOAD", Chunks::taken_apart, unsigned_payload, ""},
        {sha256.c_str(), Chunks::as_signed, sha256, ""},
        {sha256.c_str(), Chunks::as_unsigned, sha256, ""},
        {sha256.c_str(), Chunks::taken_apart, sha256, ""},
        {chunks.c_str(), Chunks::as_signed, chunks, "signed", 177},
        {chunks.c_str(), Chunks::as_unsigned, unsigned_payload, "plain", 5},
        {chunks.c_str(), Chunks::taken_apart, unsigned_payload, "plain", 5},
        {chunks_trailer.c_str(), Chunks::as_signed, chunks_trailer, "signed+x-amz-checksum-crc32", 298},
        {chunks_trailer.c_str(), Chunks::as_unsigned, only_trailer, "unsigned+x-amz-checksum-crc32", 46},
        {chunks_trailer.c_str(), Chunks::taken_apart, unsigned_payload, "plain", 5},
        {only_trailer.c_str(), Chunks::as_signed, only_trailer, ""},
        {only_trailer.c_str(), Chunks::as_unsigned, only_trailer, ""},
        {only_trailer.c_str(), Chunks::taken_apart, unsigned_payload, "plain", 5},
    };
    for (const PayloadCase& row : cases) {
        const auto promise = s3::parse_payload_promise(row.promise);
        ASSERT_TRUE(promise) << row.promise;
        s3::ChunkedPayload chunked{5};
        if (promise->form.has_trailer) chunked.trailer = "x-amz-checksum-crc32";
        const StorePayload payload = payload_for_store(*promise, chunked, row.way);
        EXPECT_EQ(payload.hash, row.hash) << row.promise;
        EXPECT_EQ(told(payload.coding), row.coding) << row.promise;
        EXPECT_EQ(payload.length, row.length) << row.promise;
    }
}

struct TrailerCase {
    const char* name;
    std::size_t bytes;  ///< of its value in Base64
};

TEST(PayloadForStore, knows_how_long_each_checksum_is) {
    const TrailerCase cases[] = {
        {"x-amz-checksum-crc32", 8}, {"x-amz-checksum-crc32c", 8},  {"x-amz-checksum-crc64nvme", 12},
        {"x-amz-checksum-sha1", 28}, {"x-amz-checksum-sha256", 44},
    };
    for (const TrailerCase& row : cases) {
        const StorePayload payload =
            payload_for_store(*s3::parse_payload_promise(chunks_trailer), {0, row.name}, Chunks::as_unsigned);
        EXPECT_EQ(payload.coding->trailer_bytes, row.bytes) << row.name;
        EXPECT_EQ(payload.length, 3 + std::string(row.name).size() + 1 + row.bytes + 4) << row.name;
    }
}

}  // namespace
}  // namespace sallyport::gateway
