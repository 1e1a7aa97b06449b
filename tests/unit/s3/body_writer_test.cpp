#include "s3/body_writer.h"

#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

/// The examples of the S3 API: their key, day and region.
ChunkSignatures example_signatures(std::string seed) {
    const auto time = parse_amz_date("20130524T000000Z").value();
    const CredentialScope scope = scope_at(time, "us-east-1");
    const auto secret = SecretKey::parse("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    return {SigningKey(*secret, scope), time, scope, std::move(seed)};
}

std::optional<ChunkSignatures> signatures_for(const BodyCoding& coding) {
    if (!coding.form.has_signatures) return std::nullopt;
    return example_signatures("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}

/// What becomes of `body` that comes in pieces.
std::string written(BodyWriter writer, std::string_view body, std::size_t piece,
                    std::string_view trailer = {}) {
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += piece)
        writer.add(body.substr(at, piece), out);
    writer.finish(trailer, out);
    return out;
}

const BodyCoding plain{};
const BodyCoding signed_chunks{.is_chunked = true, .form = {true, false}};
const BodyCoding only_trailer{true, {false, true}, "x-amz-checksum-crc32", 8};
const BodyCoding signed_with_trailer{true, {true, true}, "x-amz-checksum-crc32", 8};

struct LengthCase {
    const char* name;
    const BodyCoding& coding;
    std::map<std::uint64_t, std::uint64_t> lengths;  ///< of the coded body, by that of the decoded one
};

/// Added up by hand: a chunk is `size;chunk-signature=` and 64 digits, and its data, each with CR LF behind.
const LengthCase length_cases[] = {
    {"plain",
     plain,
     {{0, 0}, {1, 1}, {65'535, 65'535}, {65'536, 65'536}, {65'537, 65'537}, {196'608, 196'608}}},
    {"signed_chunks",
     signed_chunks,
     {{0, 86},
      {1, 173},
      {65'535, 65'710},
      {65'536, 65'712},
      {65'537, 65'799},
      {66'560, 66'824},
      {196'608, 196'964}}},
    {"only_trailer",
     only_trailer,
     {{0, 36}, {1, 42}, {65'535, 65'579}, {65'536, 65'581}, {65'537, 65'587}, {196'608, 196'671}}},
    {"signed_with_trailer",
     signed_with_trailer,
     {{0, 207}, {1, 294}, {65'535, 65'831}, {65'536, 65'833}, {65'537, 65'920}, {196'608, 197'085}}},
};

class EncodedLength : public testing::TestWithParam<LengthCase> {};

TEST_P(EncodedLength, is_that_of_what_is_written) {
    for (const auto& [decoded, encoded] : GetParam().lengths) {
        EXPECT_EQ(encoded_length(GetParam().coding, decoded), encoded) << decoded;
        const BodyCoding& coding = GetParam().coding;
        const std::string body(static_cast<std::size_t>(decoded), 'x');
        const std::string_view trailer = coding.form.has_trailer ? "NhCmhg==" : "";
        EXPECT_EQ(written({coding, signatures_for(coding)}, body, 50'000, trailer).size(), encoded)
            << decoded;
    }
}
INSTANTIATE_TEST_SUITE_P(table, EncodedLength, testing::ValuesIn(length_cases),
                         [](const auto& row) { return row.param.name; });

/// A body of five terabytes, the largest object of S3.
TEST(EncodedLength, does_not_wrap) {
    constexpr std::uint64_t five_terabytes = 5ULL << 40U;
    EXPECT_EQ(encoded_length(signed_chunks, five_terabytes), (five_terabytes >> 16U) * 65'626 + 86);
}

/// S3 API, "Signature Calculations: Transferring Payload in Multiple Chunks": 66,560 times 'a'.
TEST(BodyWriter, writes_the_published_example_at_any_cut) {
    const std::string expected =
        "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
        std::string(65'536, 'a') +
        "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
        std::string(1'024, 'a') +
        "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
    ASSERT_EQ(expected.size(), 66'824U) << "its Content-Length there";
    for (const std::size_t piece : {1U, 7U, 1'000U, 65'535U, 65'536U, 65'537U, 100'000U}) {
        EXPECT_TRUE(written({signed_chunks, signatures_for(signed_chunks)}, std::string(66'560, 'a'),
                            piece) == expected)
            << piece;
    }
}

/// The same, "... Including Trailing Headers".
TEST(BodyWriter, writes_the_published_example_with_a_trailer) {
    const BodyCoding coding{true, {true, true}, "x-amz-checksum-crc32c", 8};
    const std::string expected =
        "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
        std::string(65'536, 'a') +
        "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
        std::string(1'024, 'a') +
        "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        "x-amz-checksum-crc32c:sOO8/Q==\r\n"
        "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
    BodyWriter writer(coding,
                      example_signatures("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"));
    EXPECT_TRUE(written(std::move(writer), std::string(66'560, 'a'), 9'000, "sOO8/Q==") == expected);
}

TEST(BodyWriter, writes_each_form) {
    EXPECT_EQ(written({plain, {}}, "hello", 2), "hello");
    EXPECT_EQ(written({plain, {}}, "", 1), "");
    EXPECT_EQ(written({only_trailer, {}}, "hello", 2, "NhCmhg=="),
              "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n");
    EXPECT_EQ(written({only_trailer, {}}, "", 1, "AAAAAA=="), "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
}

/// A reader that knows the length must not have all of a body before it is known to be right.
TEST(BodyWriter, holds_the_last_chunk_until_the_end) {
    for (const BodyCoding* coding : {&plain, &signed_chunks, &only_trailer, &signed_with_trailer}) {
        BodyWriter writer(*coding, signatures_for(*coding));
        std::string out;
        writer.add(std::string(65'535, 'a'), out);
        writer.add("a", out);
        EXPECT_EQ(std::ranges::count(out, 'a'), 0) << "a whole chunk is the last one until more comes";
        EXPECT_EQ(out, "");
        writer.add("b", out);
        EXPECT_NE(out.find(std::string(65'536, 'a')), std::string::npos);
        EXPECT_EQ(out.find("ab"), std::string::npos);
        out.clear();
        writer.add(std::string(65'535, 'b'), out);
        EXPECT_EQ(out, "");
        writer.finish("NhCmhg==", out);
        EXPECT_NE(out.find(std::string(65'536, 'b')), std::string::npos);
    }
}

}  // namespace
}  // namespace sallyport::s3
