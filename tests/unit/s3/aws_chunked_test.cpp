#include "s3/aws_chunked.h"

#include "s3/chunk_signatures.h"

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

using Kind = AwsChunkedStep::Kind;
constexpr AwsChunkedForm is_signed{true, false};
constexpr AwsChunkedForm is_signed_with_trailer{true, true};
constexpr AwsChunkedForm only_trailer{false, true};
const std::string sig(64, 'a');
const std::string chunk_sig = ";chunk-signature=" + sig;

/// What a body says, read in pieces of `piece` bytes: "5:hello" for chunks, "name=value" for fields; what was
/// wrong with it stands behind '!', what was left over behind '|'.
std::string read(AwsChunkedForm form, const std::string& body, std::size_t piece) {
    AwsChunkedDecoder decoder(form);
    std::string told;
    std::size_t begin = 0;
    std::size_t end = std::min(piece, body.size());
    for (;;) {
        const AwsChunkedStep step = decoder.step(std::string_view(body).substr(begin, end - begin));
        begin += step.bytes;
        if (step.kind == Kind::chunk) told += std::to_string(step.size) + ":";
        if (step.kind == Kind::data) told += step.data;
        if (step.kind == Kind::trailer) told += std::string(step.name) + "=" + std::string(step.value);
        if (step.kind == Kind::trailer_signature) told += "~";
        if (step.kind == Kind::malformed) return told + "!" + std::string(step.detail);
        if (step.kind == Kind::finished) return begin == body.size() ? told : told + "|" + body.substr(begin);
        if (step.kind != Kind::need_more) continue;
        if (end == body.size()) return told + "!more";
        end = std::min(end + piece, body.size());
    }
}

struct BodyCase {
    const char* name;
    AwsChunkedForm form;
    std::string body;
    std::string told;
};
const std::string last = "0" + chunk_sig + "\r\n";
const BodyCase body_cases[] = {
    {"signed", is_signed, "5" + chunk_sig + "\r\nhello\r\n" + last + "\r\n", "5:hello0:"},
    {"signed_two", is_signed, "1" + chunk_sig + "\r\na\r\n2" + chunk_sig + "\r\nbc\r\n" + last + "\r\n",
     "1:a2:bc0:"},
    {"empty", is_signed, last + "\r\n", "0:"},
    {"data_of_line_ends", is_signed, "4" + chunk_sig + "\r\n\r\n\r\n\r\n" + last + "\r\n", "4:\r\n\r\n0:"},
    {"hex_size", is_signed, "A" + chunk_sig + "\r\n0123456789\r\n" + last + "\r\n", "10:01234567890:"},
    {"something_behind", is_signed, last + "\r\nGET /", "0:|GET /"},
    {"unsigned_trailer", only_trailer, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
     "5:hello0:x-amz-checksum-crc32=NhCmhg=="},
    {"signed_trailer", is_signed_with_trailer,
     last + "x-amz-checksum-crc32:NhCmhg==\r\nx-amz-trailer-signature:" + sig + "\r\n\r\n",
     "0:x-amz-checksum-crc32=NhCmhg==~"},
    {"truncated", is_signed, "5" + chunk_sig + "\r\nhel", "5:hel!more"},
    {"no_last_chunk", is_signed, "5" + chunk_sig + "\r\nhello\r\n", "5:hello!more"},
    {"no_end", is_signed, last, "0:!more"},
    {"no_signature", is_signed, "5\r\nhello\r\n", "!a chunk without its signature"},
    {"trailer_of_minio_go", only_trailer, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n\r\n",
     "5:hello0:x-amz-checksum-crc32=NhCmhg=="},
    {"signed_trailer_of_minio_go", is_signed_with_trailer,
     last + "x-amz-checksum-crc32:NhCmhg==\n\r\nx-amz-trailer-signature:" + sig + "\r\n\r\n",
     "0:x-amz-checksum-crc32=NhCmhg==~"},
    {"trailer_with_a_bare_line_feed", only_trailer, "0\r\nx-amz-checksum-crc32:NhCmhg==\nb:c\r\n\r\n",
     "0:!a trailer line that is too long or does not end with CR LF"},
    {"signature_where_there_are_none", only_trailer, "5" + chunk_sig + "\r\nhello\r\n",
     "!a chunk extension where there are no signatures"},
    {"short_signature", is_signed, "5;chunk-signature=aa\r\nhello", "!a chunk signature that is none"},
    {"capital_signature", is_signed, "5;chunk-signature=" + std::string(64, 'A') + "\r\n",
     "!a chunk signature that is none"},
    {"two_signatures", is_signed, "5" + chunk_sig + chunk_sig + "\r\nhello",
     "!a chunk signature that is none"},
    {"another_extension", is_signed, "5;x=y" + chunk_sig + "\r\nhello", "!a chunk without its signature"},
    {"leading_zero", only_trailer, "05\r\nhello\r\n", "!a chunk size that is no plain hexadecimal number"},
    {"two_zeros", only_trailer, "00\r\n", "!a chunk size that is no plain hexadecimal number"},
    {"no_size", only_trailer, "\r\nhello", "!a chunk size that is no plain hexadecimal number"},
    {"sign", only_trailer, "+5\r\nhello", "!a chunk size that is no plain hexadecimal number"},
    {"prefix", only_trailer, "0x5\r\nhello", "!a chunk size that is no plain hexadecimal number"},
    {"blank", only_trailer, "5 \r\nhello", "!a chunk size that is no plain hexadecimal number"},
    {"too_large", only_trailer, "10000000000000000\r\n", "!a chunk size that is no plain hexadecimal number"},
    {"bare_line_feed", only_trailer, "5\nhello\r\n",
     "!a chunk line that is too long or does not end with CR LF"},
    {"return_within", only_trailer, "5\r\r\nhello\r\n",
     "!a chunk line that is too long or does not end with CR LF"},
    {"too_long_a_line", only_trailer, std::string(2000, '1'),
     "!a chunk line that is too long or does not end with CR LF"},
    {"chunk_too_long", only_trailer, "5\r\nhello!\r\n",
     "5:hello!a chunk that does not end where its size says"},
    {"chunk_too_short", only_trailer, "6\r\nhello\r\n0\r\n",
     "6:hello\r!a chunk that does not end where its size says"},
    {"trailer_not_announced", is_signed, last + "x-amz-checksum-crc32:NhCmhg==\r\n\r\n",
     "0:!a trailer that was not announced"},
    {"trailer_missing", only_trailer, "0\r\n\r\n", "0:!a trailer without a field"},
    {"trailer_without_signature", is_signed_with_trailer, last + "x-amz-checksum-crc32:NhCmhg==\r\n\r\n",
     "0:x-amz-checksum-crc32=NhCmhg==!a trailer without its signature"},
    {"field_behind_the_signature", is_signed_with_trailer,
     last + "a:b\r\nx-amz-trailer-signature:" + sig + "\r\nc:d\r\n\r\n",
     "0:a=b~!a trailer field behind the signature"},
    {"signature_of_an_unsigned_trailer", only_trailer,
     "0\r\na:b\r\nx-amz-trailer-signature:" + sig + "\r\n\r\n", "0:a=b!a trailer signature that is none"},
    {"capital_name", only_trailer, "0\r\nX-Amz-Checksum-Crc32:a\r\n\r\n", "0:!a malformed trailer field"},
    {"blank_in_a_field", only_trailer, "0\r\nx-amz-checksum-crc32: a\r\n\r\n",
     "0:!a malformed trailer field"},
    {"no_colon", only_trailer, "0\r\nx-amz-checksum-crc32\r\n\r\n", "0:!a trailer line without a colon"},
    {"no_value", only_trailer, "0\r\nx-amz-checksum-crc32:\r\n\r\n", "0:!a malformed trailer field"},
    {"too_many_fields", only_trailer,
     "0\r\na:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\ni:9\r\n\r\n",
     "0:a=1b=2c=3d=4e=5f=6g=7h=8!too many trailer fields"},
};

class AwsChunked : public testing::TestWithParam<BodyCase> {};

TEST_P(AwsChunked, is_read_the_same_at_any_cut) {
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 100'000U})
        EXPECT_EQ(read(GetParam().form, GetParam().body, piece), GetParam().told) << "in pieces of " << piece;
}
INSTANTIATE_TEST_SUITE_P(table, AwsChunked, testing::ValuesIn(body_cases),
                         [](const auto& row) { return row.param.name; });

TEST(ChunkSignatures, are_those_of_the_published_example) {
    // S3 API, "Signature Calculations: Transferring Payload in Multiple Chunks": 66,560 times 'a'.
    const auto time = parse_amz_date("20130524T000000Z").value();
    const CredentialScope scope = scope_at(time, "us-east-1");
    const auto secret = SecretKey::parse("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    ChunkSignatures chain(SigningKey(*secret, scope), time, scope,
                          "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    chain.update(std::string(65'536, 'a'));
    EXPECT_EQ(chain.finish_chunk(), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    chain.update(std::string(1'000, 'a'));
    chain.update(std::string(24, 'a'));
    EXPECT_EQ(chain.finish_chunk(), "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
    EXPECT_EQ(chain.finish_chunk(), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

}  // namespace
}  // namespace sallyport::s3
