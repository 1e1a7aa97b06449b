#include "s3/payload_check.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

using Kind = PayloadFault::Kind;

TEST(Checksum, is_the_published_one) {
    // Of "123456789": the check values of the catalogue of CRCs, and FIPS 180-4.
    const std::pair<const char*, const char*> cases[] = {
        {"x-amz-checksum-md5", "JfnnlDI7RTiF9RgfG2JNCw=="},
        {"x-amz-checksum-sha512",
         "2eZ2LdHI6vbWGzxhkvxAjU1tXxF20MKRabwk5xw/J0rSf81YEbMT1oH35V7ALXPUmclUVba1u1A6z1dPuo/+hQ=="},
        {"x-amz-checksum-crc32", "y/Q5Jg=="},
        {"x-amz-checksum-crc32c", "4waSgw=="},
        {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
        {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
        {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
    };
    for (const auto& [name, value] : cases) {
        Checksum checksum(*checksum_of_field(name));
        checksum.update("1234");
        checksum.update("56789");
        EXPECT_EQ(checksum.finish(), value) << name;
    }
    EXPECT_FALSE(checksum_of_field("x-amz-checksum-xxhash64"));
}

/// The example of the S3 API, "Signature Calculations: Transferring Payload in Multiple Chunks": 66,560 times
/// 'a'.
CheckedSignature example(std::string_view payload, std::string seed) {
    const auto time = parse_amz_date("20130524T000000Z").value();
    CredentialScope scope = scope_at(time, "us-east-1");
    const auto secret = SecretKey::parse("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    SigningKey key(*secret, scope);
    return {{*AccessKey::parse("AKIAIOSFODNN7EXAMPLE"), std::move(scope), {"host"}, std::move(seed)},
            std::move(key),
            time,
            *parse_payload_promise(payload)};
}

const std::string first_signature = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648";
const std::string example_body = "10000;chunk-signature=" + first_signature + "\r\n" +
                                 std::string(65'536, 'a') +
                                 "\r\n400;chunk-signature="
                                 "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
                                 std::string(1'024, 'a') +
                                 "\r\n0;chunk-signature="
                                 "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";

CheckedSignature example_signature() {
    return example("STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                   "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}

/// What comes of a body that passes in pieces: nothing, or the fault.
std::optional<PayloadFault> pass(const CheckedSignature& signature, const ChunkedPayload& chunked,
                                 std::string_view body, std::size_t piece = std::string::npos) {
    PayloadCheck check(signature, chunked);
    for (std::size_t at = 0; at < body.size(); at += std::min(piece, body.size())) {
        if (auto wrong = check.update(body.substr(at, piece))) return wrong;
    }
    return check.finish();
}

TEST(PayloadCheck, takes_the_published_example_at_any_cut) {
    for (const std::size_t piece : {1U, 7U, 86U, 1'000U, 65'536U, 100'000U})
        EXPECT_FALSE(pass(example_signature(), {66'560}, example_body, piece)) << piece;
}

/// S3 API, "Signature Calculations: Transferring Payload in Multiple Chunks, Including Trailing Headers".
TEST(PayloadCheck, takes_the_published_example_with_a_trailer) {
    const CheckedSignature signature =
        example("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    const std::string body =
        "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
        std::string(65'536, 'a') +
        "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
        std::string(1'024, 'a') +
        "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        "x-amz-checksum-crc32c:sOO8/Q==\r\n"
        "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
    const auto wrong = pass(signature, {66'560, "x-amz-checksum-crc32c"}, body);
    EXPECT_FALSE(wrong) << wrong->detail;
}

struct Tampering {
    const char* name;
    std::function<std::string(std::string)> change;
    Kind fault;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

const std::size_t second_chunk = example_body.find("\r\n400;") + 2;
const std::size_t last_chunk = example_body.find("\r\n0;") + 2;

const Tampering tamperings[] = {
    {"first_byte_of_data", [](std::string b) { return replaced(b, "\r\na", "\r\nb"); },
     Kind::wrong_signature},
    {"last_byte_of_data", [](std::string b) { return replaced(b, "a\r\n0;", "b\r\n0;"); },
     Kind::wrong_signature},
    {"signature_of_the_first", [](std::string b) { return replaced(b, "ad80", "ad81"); },
     Kind::wrong_signature},
    {"signature_of_the_last", [](std::string b) { return replaced(b, "b6c6", "b6c7"); },
     Kind::wrong_signature},
    {"chunk_left_out", [](std::string b) { return b.erase(second_chunk, last_chunk - second_chunk); },
     Kind::wrong_signature},
    {"chunk_twice",
     [](std::string b) { return b.insert(second_chunk, b.substr(second_chunk, last_chunk - second_chunk)); },
     Kind::wrong_length},
    {"chunks_in_another_order",
     [](std::string b) {
         const std::string second = b.substr(second_chunk, last_chunk - second_chunk);
         return b.erase(second_chunk, second.size()).insert(0, second);
     },
     Kind::wrong_signature},
    {"first_chunk_said_to_be_the_last",
     [](std::string) {
         return "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
     },
     Kind::wrong_signature},
    {"end_left_out", [](std::string b) { return b.substr(0, last_chunk); }, Kind::malformed},
    {"last_line_end_left_out", [](std::string b) { return b.substr(0, b.size() - 2); }, Kind::malformed},
    {"something_behind_the_end", [](std::string b) { return b + "x"; }, Kind::malformed},
    {"chunk_without_signature",
     [](std::string b) { return replaced(b, ";chunk-signature=" + first_signature, ""); }, Kind::malformed},
    {"longer_than_announced", [](std::string b) { return replaced(b, "10000;", "10401;"); },
     Kind::wrong_length},
};

class TamperedPayload : public testing::TestWithParam<Tampering> {};

TEST_P(TamperedPayload, is_refused) {
    const std::string body = GetParam().change(example_body);
    ASSERT_NE(body, example_body);
    for (const std::size_t piece : {3U, 65'536U, 100'000U}) {
        const auto wrong = pass(example_signature(), {66'560}, body, piece);
        ASSERT_TRUE(wrong) << piece;
        EXPECT_EQ(wrong->kind, GetParam().fault) << wrong->detail;
    }
}
INSTANTIATE_TEST_SUITE_P(table, TamperedPayload, testing::ValuesIn(tamperings),
                         [](const auto& row) { return row.param.name; });

TEST(PayloadCheck, holds_the_length_against_the_announced_one) {
    EXPECT_EQ(pass(example_signature(), {66'561}, example_body)->kind, Kind::wrong_length);
    EXPECT_EQ(pass(example_signature(), {66'559}, example_body)->kind, Kind::wrong_length);
}

TEST(PayloadCheck, holds_a_whole_body_against_its_hash) {
    const CheckedSignature signature = example(sha256_hex("hello"), "");
    EXPECT_FALSE(pass(signature, {}, "hello", 2));
    for (const char* other : {"", "hell", "hellp", "helloo"})
        EXPECT_EQ(pass(signature, {}, other, 2)->kind, Kind::wrong_hash) << other;
    EXPECT_FALSE(pass(example("UNSIGNED-PAYLOAD", ""), {}, "anything"));
}

struct UnsignedTrailer {
    const char* name;
    const char* body;
    std::optional<Kind> fault;
};

TEST(PayloadCheck, holds_a_body_against_the_checksum_of_its_trailer) {
    const UnsignedTrailer cases[] = {
        {"right", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", {}},
        {"two chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", {}},
        {"other data", "5\r\nhellp\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", Kind::wrong_checksum},
        {"other value", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhw==\r\n\r\n", Kind::wrong_checksum},
        {"other field", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:NhCmhg==\r\n\r\n", Kind::malformed},
        {"field twice",
         "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
         Kind::malformed},
        {"no trailer", "5\r\nhello\r\n0\r\n\r\n", Kind::malformed},
        {"shorter", "4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", Kind::wrong_checksum},
    };
    const CheckedSignature signature = example("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "");
    for (const UnsignedTrailer& row : cases) {
        const auto wrong = pass(signature, {5, "x-amz-checksum-crc32"}, row.body, 4);
        ASSERT_EQ(wrong.has_value(), row.fault.has_value()) << row.name;
        if (wrong) {
            EXPECT_EQ(wrong->kind, *row.fault) << row.name;
        }
    }
}

/// A store that knows the length could take what lacks only its trailer for whole.
TEST(PayloadCheck, holds_the_last_byte_of_data_back_with_all_behind_it) {
    const std::string body = "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    const std::size_t last_byte = body.find("o\r\n");
    PayloadCheck check(example("STREAMING-UNSIGNED-PAYLOAD-TRAILER", ""), {5, "x-amz-checksum-crc32"});
    for (std::size_t at = 0; at < body.size(); ++at) {
        ASSERT_FALSE(check.update(body.substr(at, 1)));
        EXPECT_EQ(check.held_back(), at < last_byte ? 0 : at + 1 - last_byte) << at;
    }
    EXPECT_FALSE(check.finish());
    PayloadCheck empty(example("STREAMING-UNSIGNED-PAYLOAD-TRAILER", ""), {0, "x-amz-checksum-crc32"});
    ASSERT_FALSE(empty.update("0\r\nx-amz"));
    EXPECT_EQ(empty.held_back(), 8U);
    PayloadCheck without(example_signature(), {66'560});
    ASSERT_FALSE(without.update(example_body));
    EXPECT_EQ(without.held_back(), 0U);
}

/// The data that comes out of a body in pieces.
std::string data_of(const CheckedSignature& signature, const ChunkedPayload& chunked, std::string_view body,
                    std::size_t piece) {
    PayloadCheck check(signature, chunked);
    std::string data;
    check.on_data([&](std::string_view more) { data += more; });
    for (std::size_t at = 0; at < body.size(); at += piece) {
        if (const auto wrong = check.update(body.substr(at, piece))) return "!" + wrong->detail;
    }
    return data + (check.finish() ? "!" : "|" + check.trailer_value());
}

TEST(PayloadCheck, hands_out_the_data_at_any_cut) {
    const CheckedSignature with_trailer = example("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "");
    const std::string body = "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    const std::string empty = "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 100U}) {
        EXPECT_EQ(data_of(with_trailer, {5, "x-amz-checksum-crc32"}, body, piece), "hello|NhCmhg==") << piece;
        EXPECT_EQ(data_of(with_trailer, {0, "x-amz-checksum-crc32"}, empty, piece), "|AAAAAA==") << piece;
    }
    for (const std::size_t piece : {1U, 87U, 65'536U, 100'000U}) {
        EXPECT_TRUE(data_of(example_signature(), {66'560}, example_body, piece) ==
                    std::string(66'560, 'a') + "|")
            << piece;
    }
}

/// A caller that goes on all the same must not hear that all is well.
TEST(PayloadCheck, stays_with_its_fault) {
    PayloadCheck check(example_signature(), {66'560});
    const std::string body = replaced(example_body, "0055", "0056");
    const std::size_t end_of_data = last_chunk - 2;
    std::string data;
    check.on_data([&](std::string_view more) { data += more; });
    ASSERT_TRUE(check.update(std::string_view(body).substr(0, end_of_data)));
    data.clear();
    const auto again = check.update(std::string_view(body).substr(end_of_data));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->kind, Kind::wrong_signature);
    EXPECT_TRUE(check.finish());
    EXPECT_EQ(data, "");
}

struct FieldsCase {
    const char* name;
    std::vector<HeaderField> fields;
    bool has_trailer;
    bool accepted;
};

TEST(ChunkedPayload, is_read_from_its_fields) {
    const HeaderField length{"X-Amz-Decoded-Content-Length", "5"};
    const HeaderField trailer{"x-amz-trailer", "x-amz-checksum-crc32"};
    const FieldsCase cases[] = {
        {"length", {length}, false, true},
        {"length and trailer", {length, trailer}, true, true},
        {"no length", {}, false, false},
        {"length twice", {length, length}, false, false},
        {"length with a sign", {{"x-amz-decoded-content-length", "+5"}}, false, false},
        {"no number", {{"x-amz-decoded-content-length", "5 "}}, false, false},
        {"too large", {{"x-amz-decoded-content-length", "18446744073709551616"}}, false, false},
        {"trailer missing", {length}, true, false},
        {"trailer where there is none", {length, trailer}, false, false},
        {"trailer twice", {length, trailer, trailer}, true, false},
        {"trailer twice where there is none", {length, trailer, trailer}, false, false},
        {"unknown checksum", {length, {"x-amz-trailer", "x-amz-meta-a"}}, true, false},
    };
    for (const FieldsCase& row : cases) {
        const auto read = read_chunked_payload(row.fields, {false, row.has_trailer});
        EXPECT_EQ(read.has_value(), row.accepted) << row.name;
        if (read && row.accepted) {
            EXPECT_EQ(read->decoded_length, 5U) << row.name;
        }
    }
}

}  // namespace
}  // namespace sallyport::s3
