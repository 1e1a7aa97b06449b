#include "gateway/rules/upload_filter.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

/// Of the example of the S3 API, "Signature Calculations: Transferring Payload in Multiple Chunks".
s3::CheckedSignature example(std::string_view payload, std::string seed = std::string(64, '0')) {
    const auto time = s3::parse_amz_date("20130524T000000Z").value();
    s3::CredentialScope scope = s3::scope_at(time, "us-east-1");
    s3::SigningKey key(*s3::SecretKey::parse("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), scope);
    return {{*s3::AccessKey::parse("AKIAIOSFODNN7EXAMPLE"), std::move(scope), {"host"}, std::move(seed)},
            std::move(key),
            time,
            *s3::parse_payload_promise(payload)};
}

const std::string example_body =
    "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
    std::string(65'536, 'a') +
    "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
    std::string(1'024, 'a') +
    "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";

const std::string trailer_body = "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
const std::string sha256_of_hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

UploadFilter filter_of(const char* kind) {
    const std::string_view name = kind;
    if (name == "hash")
        return UploadFilter(
            std::make_unique<s3::PayloadCheck>(example(sha256_of_hello), s3::ChunkedPayload{}));
    if (name == "trailer") {
        return UploadFilter(std::make_unique<s3::PayloadCheck>(
            example("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), s3::ChunkedPayload{5, "x-amz-checksum-crc32"}));
    }
    return UploadFilter(std::make_unique<s3::PayloadCheck>(
        example("STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
        s3::ChunkedPayload{66'560}));
}

struct Passed {
    std::string before_the_end;
    std::string at_the_end;
    bool is_refused = false;
};

/// What of a body goes on. A caller that goes on after a fault gets nothing more.
Passed pass(UploadFilter& filter, std::string_view body, std::size_t piece) {
    Passed passed;
    for (std::size_t at = 0; at < body.size(); at += piece) {
        const bool is_last = body.size() - at <= piece;
        const auto on = filter.pass(body.substr(at, piece), is_last);
        if (!on) passed.is_refused = true;
        if (on && passed.is_refused) ADD_FAILURE() << "goes on after a fault";
        if (on) (is_last ? passed.at_the_end : passed.before_the_end) += *on;
    }
    return passed;
}

constexpr std::size_t pieces[] = {1, 2, 3, 7, 50, 1'000};

TEST(UploadFilter, lets_a_right_body_pass_as_it_is) {
    for (const std::size_t piece : pieces) {
        auto hash = filter_of("hash");
        const Passed hello = pass(hash, "hello", piece);
        EXPECT_EQ(hello.before_the_end + hello.at_the_end, "hello") << piece;
        EXPECT_FALSE(hello.is_refused);
        auto trailer = filter_of("trailer");
        const Passed with_trailer = pass(trailer, trailer_body, piece);
        EXPECT_EQ(with_trailer.before_the_end + with_trailer.at_the_end, trailer_body) << piece;
        auto chunks = filter_of("chunks");
        const Passed signed_chunks = pass(chunks, example_body, piece * 100);
        EXPECT_TRUE(signed_chunks.before_the_end + signed_chunks.at_the_end == example_body) << piece;
    }
}

/// What follows the data of a store's known length could be taken for nothing that is missing.
TEST(UploadFilter, holds_the_last_byte_and_the_trailer_back) {
    for (const std::size_t piece : pieces) {
        auto filter = filter_of("trailer");
        const Passed passed = pass(filter, trailer_body, piece);
        const auto last_byte = trailer_body.find("o\r\n");
        EXPECT_LE(passed.before_the_end.size(), last_byte) << piece;
        EXPECT_TRUE(trailer_body.starts_with(passed.before_the_end));
    }
    auto filter = filter_of("trailer");
    EXPECT_EQ(pass(filter, trailer_body, 1).before_the_end.size(), trailer_body.find("o\r\n"));
}

TEST(UploadFilter, never_lets_a_wrong_body_pass_whole) {
    for (std::size_t at = 0; at < trailer_body.size(); ++at) {
        std::string wrong = trailer_body;
        wrong[at] = static_cast<char>(wrong[at] ^ 1);
        for (const std::size_t piece : {1U, 5U, 1'000U}) {
            auto filter = filter_of("trailer");
            const Passed passed = pass(filter, wrong, piece);
            EXPECT_TRUE(passed.is_refused) << at;
            EXPECT_EQ(passed.at_the_end, "") << at;
            EXPECT_EQ(passed.before_the_end.find("\r\n0\r\n"), std::string::npos) << at;
        }
    }
    for (const std::size_t piece : {1U, 2U, 5U}) {
        auto filter = filter_of("hash");
        const Passed passed = pass(filter, "hellp", piece);
        EXPECT_TRUE(passed.is_refused);
        EXPECT_LT(passed.before_the_end.size(), 5U);
    }
}

TEST(UploadFilter, lets_nothing_pass_after_a_fault) {
    std::string wrong = example_body;
    wrong[200] = 'b';  // in the first chunk, whose signature is wrong for that
    for (const std::size_t piece : {100U, 1'000U, 30'000U}) {
        auto filter = filter_of("chunks");
        const Passed passed = pass(filter, wrong, piece);
        EXPECT_TRUE(passed.is_refused);
        EXPECT_LT(passed.before_the_end.size(), 66'000U);
        EXPECT_EQ(passed.at_the_end, "");
    }
}

const s3::BodyCoding trailer_coding{true, {false, true}, "x-amz-checksum-crc32", 8};

TEST(UploadFilter, writes_anew_what_was_in_chunks) {
    for (const std::size_t piece : pieces) {
        auto apart = filter_of("trailer");
        apart.write_with(s3::BodyWriter({}, std::nullopt));
        const Passed plain = pass(apart, trailer_body, piece);
        EXPECT_EQ(plain.before_the_end, "") << "less than a chunk waits for the end";
        EXPECT_EQ(plain.at_the_end, "hello");
        auto anew = filter_of("trailer");
        anew.write_with(s3::BodyWriter(trailer_coding, std::nullopt));
        EXPECT_EQ(pass(anew, trailer_body, piece).at_the_end,
                  "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n");
    }
}

TEST(UploadFilter, keeps_the_end_of_a_long_body_until_it_is_right) {
    for (const std::size_t piece : {1'000U, 65'536U, 66'000U}) {
        auto filter = filter_of("chunks");
        filter.write_with(s3::BodyWriter({}, std::nullopt));
        const Passed passed = pass(filter, example_body, piece);
        EXPECT_FALSE(passed.is_refused);
        EXPECT_EQ(passed.before_the_end.size() + passed.at_the_end.size(), 66'560U);
        EXPECT_GE(passed.at_the_end.size(), 1'024U);
        std::string wrong = example_body;
        wrong[example_body.size() - 5] ^= 1;  // in the signature of the last chunk
        auto strict = filter_of("chunks");
        strict.write_with(s3::BodyWriter({}, std::nullopt));
        const Passed refused = pass(strict, wrong, piece);
        EXPECT_TRUE(refused.is_refused);
        EXPECT_EQ(refused.at_the_end, "");
        EXPECT_LE(refused.before_the_end.size(), 65'536U);
    }
}

}  // namespace
}  // namespace sallyport::gateway
