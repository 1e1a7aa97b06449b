#include "gateway/rules/resigning.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using Chunks = StoreAddressing::Chunks;
using testing::HasSubstr;
using testing::Not;

const std::string chunks_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

/// Requests of a client to a store whose `acme-logs/eu/` is its bucket `logs`.
class Resigning : public testing::Test {
  protected:
    s3::AccessKey access_key = s3::AccessKey::parse("STOREKEY").value();
    std::chrono::sys_seconds time = s3::parse_amz_date("20260301T120000Z").value();
    s3::CredentialScope scope{"20260301", "eu-west-1"};
    s3::SigningKey key{*s3::SecretKey::parse("storesecret/+1"), scope};
    StoreSigner signer{access_key, key, scope, "", time};
    StoreAddressing addressing;
    s3::ChunkedPayload chunked;
    Delivery delivery;
    bool only_when_absent = false;

    Resigning() {
        addressing.host = "store.example:9000";
        addressing.region = "eu-west-1";
        addressing.buckets = BucketMap({{"logs", "acme-logs", "eu/"}, {"all", "acme-all", ""}});
    }

    /// As it was judged, with `payload` for its x-amz-content-sha256; `use` is called with it.
    template <class Use>
    auto with_judged(const RequestHead& head, const std::string& payload, const Use& use) const {
        const s3::AccessKey client = s3::AccessKey::parse("CLIENT").value();
        const s3::CheckedSignature signature{{client, scope, {"host"}, std::string(64, '0')},
                                             s3::SigningKey{*s3::SecretKey::parse("other"), scope},
                                             time,
                                             *s3::parse_payload_promise(payload)};
        const S3Operation operation = classify(head).value();
        return use(JudgedRequest{head, delivery, operation, signature, chunked, only_when_absent});
    }
    Result<ResignedRequest> made(const RequestHead& head, const std::string& payload) const {
        return with_judged(head, payload,
                           [&](const JudgedRequest& judged) { return resigned(judged, addressing, signer); });
    }
    Result<ResignedRequest> made_of_document(const RequestHead& head, std::string_view document) const {
        return with_judged(head, "UNSIGNED-PAYLOAD", [&](const JudgedRequest& judged) {
            return resigned_document(judged, addressing, signer, document);
        });
    }
};

TEST_F(Resigning, lets_a_body_pass_that_needs_nothing) {
    delivery = {Framing::length, 5, true, true, "gate.example"};
    const auto request = made({"PUT", "/logs/k", 11, {{"Host", "gate.example"}}}, "UNSIGNED-PAYLOAD");
    ASSERT_TRUE(request);
    EXPECT_FALSE(request->writer);
    EXPECT_EQ(request->delivery.framing, Framing::length);
    EXPECT_EQ(request->delivery.content_length, 5U);
    EXPECT_TRUE(request->delivery.expects_continue);
    ASSERT_NE(request->mapping, nullptr);
    EXPECT_EQ(request->mapping->prefix, "eu/");
    EXPECT_THAT(request->head,
                testing::StartsWith("PUT /acme-logs/eu/k HTTP/1.1\r\nHost: store.example:9000\r\n"));
    EXPECT_THAT(request->head, HasSubstr("\r\nContent-Length: 5\r\n\r\n"));
}

/// The signatures are Python's, made after S3 API, "... Including Trailing Headers".
TEST_F(Resigning, signs_head_chunks_and_trailer_in_one_chain) {
    delivery = {Framing::chunked, 0, true, false, "gate.example"};
    chunked = {5, "x-amz-checksum-crc32"};
    auto request = made({"PUT",
                         "/logs/k",
                         11,
                         {{"Host", "gate.example"},
                          {"x-amz-decoded-content-length", "5"},
                          {"x-amz-trailer", "x-amz-checksum-crc32"}}},
                        chunks_trailer);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->delivery.framing, Framing::length);
    EXPECT_EQ(request->delivery.content_length, 298U);
    EXPECT_THAT(request->head,
                HasSubstr("Signature=ef6b8af8750ba51b68e76098461064b692c051c18f651691987ef0b6bdd2ec04\r\n"
                          "Content-Length: 298\r\n\r\n"));
    ASSERT_TRUE(request->writer);
    std::string body;
    request->writer->add("hello", body);
    request->writer->finish("NhCmhg==", body);
    EXPECT_EQ(
        body,
        "5;chunk-signature=10260f68c00718830fa9f81345d672bf957240603495a93213c3999457f83874\r\nhello\r\n"
        "0;chunk-signature=489372f49039ee286aabf9bb773badfb7164e341fcf900d09045dbe53cf7b4b5\r\n"
        "x-amz-checksum-crc32:NhCmhg==\r\n"
        "x-amz-trailer-signature:836a824333e223888f0a0c3a62f6c84270c48660f3cb9c1eac48a55c72ee7beb\r\n\r\n");
}

TEST_F(Resigning, takes_chunks_apart) {
    addressing.chunks = Chunks::taken_apart;
    delivery = {Framing::length, 298, true, false, "gate.example"};
    chunked = {5, "x-amz-checksum-crc32"};
    auto request = made({"PUT",
                         "/logs/k",
                         11,
                         {{"content-encoding", "aws-chunked"},
                          {"x-amz-decoded-content-length", "5"},
                          {"x-amz-trailer", "x-amz-checksum-crc32"}}},
                        chunks_trailer);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->delivery.content_length, 5U);
    for (const char* gone : {"chunked", "decoded", "trailer", "STREAMING"})
        EXPECT_THAT(request->head, Not(HasSubstr(gone)));
    ASSERT_TRUE(request->writer);
    std::string body;
    request->writer->add("hello", body);
    request->writer->finish("NhCmhg==", body);
    EXPECT_EQ(body, "hello");
}

TEST_F(Resigning, asks_the_store_to_replace_nothing) {
    const RequestHead plain{"PUT", "/logs/k", 11, {{"Host", "h"}}};
    const RequestHead own{"PUT", "/logs/k", 11, {{"if-none-match", "*"}}};
    EXPECT_THAT(made(plain, "UNSIGNED-PAYLOAD")->head, Not(HasSubstr("If-None-Match")));
    only_when_absent = true;
    EXPECT_THAT(made(plain, "UNSIGNED-PAYLOAD")->head, HasSubstr("\r\nIf-None-Match: *\r\n"));
    EXPECT_THAT(made(own, "UNSIGNED-PAYLOAD")->head, HasSubstr("\r\nif-none-match: *\r\n"));
    EXPECT_THAT(made(own, "UNSIGNED-PAYLOAD")->head, Not(HasSubstr("If-None-Match")));
}

TEST_F(Resigning, refuses_what_leads_nowhere) {
    EXPECT_EQ(made({"PUT", "/other/k", 11, {}}, "UNSIGNED-PAYLOAD").error().s3_code, "NoSuchBucket");
    EXPECT_EQ(made({"PUT", "/logs/k", 11, {{"x-amz-unknown", "1"}}}, "UNSIGNED-PAYLOAD").error().status,
              501U);
    EXPECT_FALSE(made_of_document({"POST", "/other?delete", 11, {}}, "x"));
    EXPECT_FALSE(made_of_document({"POST", "/logs?delete", 11, {{"x-amz-unknown", "1"}}}, "x"));
}

/// Checksums and signature are Python's.
TEST_F(Resigning, says_length_hash_and_checksums_of_a_document_anew) {
    delivery = {Framing::length, 999, true, true, "gate.example"};
    const auto request = made_of_document({"POST",
                                           "/logs?delete",
                                           11,
                                           {{"Host", "gate.example"},
                                            {"Content-MD5", "the client's"},
                                            {"X-Amz-Checksum-CRC32", "the client's"},
                                            {"x-amz-checksum-sha256", "the client's"},
                                            {"x-amz-sdk-checksum-algorithm", "CRC32"},
                                            {"Content-Encoding", "aws-chunked"},
                                            {"x-amz-decoded-content-length", "900"},
                                            {"x-amz-trailer", "x-amz-checksum-crc32"},
                                            {"Expect", "100-continue"}}},
                                          "<Delete><Object><Key>eu/a</Key></Object></Delete>");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->delivery.content_length, 49U);
    EXPECT_FALSE(request->delivery.expects_continue);
    EXPECT_FALSE(request->writer);
    EXPECT_EQ(
        request->head,
        "POST /acme-logs?delete HTTP/1.1\r\n"
        "Host: store.example:9000\r\n"
        "content-md5: egsMYqMPPWtuqulFlhWN0g==\r\n"
        "x-amz-checksum-crc32: HccnkA==\r\n"
        "x-amz-checksum-sha256: QIunkMgxaayrxzJNRQ8hbFewwq2/ZOyjtUmsFtz6eDU=\r\n"
        "x-amz-content-sha256: 408ba790c83169acabc7324d450f216c57b0c2adbf64eca3b549ac16dcfa7835\r\n"
        "x-amz-date: 20260301T120000Z\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=STOREKEY/20260301/eu-west-1/s3/aws4_request,"
        "SignedHeaders=content-md5;host;x-amz-checksum-crc32;x-amz-checksum-sha256;x-amz-content-sha256;"
        "x-amz-date,Signature=d925e20c0f01a12821c6a2ed9506a6d5e427ddee0562eb69616f2865aacc3bff\r\n"
        "Content-Length: 49\r\n\r\n");
}

TEST_F(Resigning, reads_a_document_where_it_names_what_has_other_names) {
    const auto of = [&](const RequestHead& head) {
        return mapping_of_document(classify(head).value(), addressing.buckets);
    };
    ASSERT_NE(of({"POST", "/logs?delete", 11, {}}), nullptr);
    EXPECT_EQ(of({"POST", "/logs?delete", 11, {}})->bucket, "acme-logs");
    EXPECT_EQ(of({"POST", "/all?delete", 11, {}}), nullptr) << "keys have their own names";
    EXPECT_EQ(of({"POST", "/other?delete", 11, {}}), nullptr);
    EXPECT_EQ(of({"DELETE", "/logs/k", 11, {}}), nullptr);
    EXPECT_EQ(of({"POST", "/logs/k?uploadId=u", 11, {}}), nullptr);
}

struct WholeCase {
    const char* payload;
    std::uint64_t decoded_length;
    Chunks way;
    bool is_whole;
};

TEST_F(Resigning, knows_what_is_whole_with_its_head) {
    const std::string chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    const std::string only_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    const WholeCase cases[] = {
        {chunks.c_str(), 0, Chunks::taken_apart, true},
        {chunks.c_str(), 0, Chunks::as_unsigned, true},
        {chunks.c_str(), 0, Chunks::as_signed, false},
        {chunks.c_str(), 1, Chunks::taken_apart, false},
        {chunks_trailer.c_str(), 0, Chunks::taken_apart, true},
        {chunks_trailer.c_str(), 0, Chunks::as_unsigned, false},
        {only_trailer.c_str(), 0, Chunks::taken_apart, true},
        {only_trailer.c_str(), 0, Chunks::as_signed, false},
        {"UNSIGNED-PAYLOAD", 0, Chunks::taken_apart, false},
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, Chunks::taken_apart, false},
    };
    for (const WholeCase& row : cases) {
        chunked = {row.decoded_length};
        if (std::string_view(row.payload).ends_with("TRAILER")) chunked.trailer = "x-amz-checksum-crc32";
        const bool is_whole = with_judged({"PUT", "/logs/k", 11, {}}, row.payload, [&](const auto& judged) {
            return is_whole_with_its_head(judged, row.way);
        });
        EXPECT_EQ(is_whole, row.is_whole) << row.payload << " " << row.decoded_length;
    }
}

}  // namespace
}  // namespace sallyport::gateway
