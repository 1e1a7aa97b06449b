#include "gateway/rules/chunk_decoder.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using Status = DecodedChunk::Status;
constexpr Status finished = Status::finished;
constexpr Status need_more = Status::need_more;
constexpr Status malformed = Status::malformed;

struct Decoded {
    std::string body;
    std::string rest;  ///< of the input, behind the body
    Status status = need_more;
};

/// Feeds `encoded` in reads of `step` bytes, as a socket would.
Decoded decode(std::string_view encoded, std::size_t step) {
    ChunkDecoder decoder;
    Decoded result;
    std::string pending;
    for (;;) {
        const DecodedChunk chunk = decoder.step(pending);
        result.body += chunk.body;
        result.status = chunk.status;
        pending.erase(0, chunk.bytes);
        if (chunk.status == finished) result.rest = pending + std::string(encoded);
        if (chunk.status == finished || chunk.status == malformed) return result;
        if (chunk.status == need_more) {
            if (encoded.empty()) return result;
            EXPECT_LT(pending.size(), 256U) << "waits although a step must be possible";
            pending += encoded.substr(0, step);
            encoded.remove_prefix(std::min(step, encoded.size()));
        }
    }
}

struct ChunkCase {
    const char* name;
    std::string encoded;
    std::string body;
    Status status;
    std::string rest = {};
};

const std::string last = "\r\nabc\r\n0\r\n\r\n";
const std::string nul(1, '\0');

const ChunkCase chunk_cases[] = {
    {"none", "0\r\n\r\n", "", finished},
    {"one", "3\r\nabc\r\n0\r\n\r\n", "abc", finished},
    {"two", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "abcd", finished},
    {"hexadecimal", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", finished},
    {"zeros_first", "0003\r\nabc\r\n000\r\n\r\n", "abc", finished},
    {"sixteen_digits", "0000000000000003" + last, "abc", finished},
    {"body_looks_like_an_end", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n", finished},
    {"next_request_behind", "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", finished, "GET / HTTP/1.1\r\n"},
    {"cut_in_chunk", "3\r\nab", "ab", need_more},
    {"cut_before_last_chunk", "3\r\nabc\r\n", "abc", need_more},
    {"cut_in_the_end", "3\r\nabc\r\n0\r\n", "abc", need_more},
    {"cut_in_the_last_line", "3\r\nabc\r\n0\r\n\r", "abc", need_more},
    {"cut_in_size", "3", "", need_more},
    {"cut_in_extension", "3;a", "", need_more},

    {"extension", "3;a" + last, "abc", finished},
    {"extension_with_value", "3;a=b" + last, "abc", finished},
    {"extension_with_quotes", "3;a=\"b;\\\"c\"" + last, "abc", finished},
    {"extension_with_white_space", "3 ; a\t=  b ;c" + last, "abc", finished},
    {"extensions", "3;a;b=c;d" + last, "abc", finished},
    {"extension_of_the_last", "0;a=b\r\n\r\n", "", finished},
    {"extension_without_name", "3;" + last, "", malformed},
    {"extension_with_a_value_only", "3;=b" + last, "", malformed},
    {"extension_without_value", "3;a=" + last, "", malformed},
    {"extension_without_semicolon", "3 a" + last, "", malformed},
    {"extension_of_two_words", "3;a b" + last, "", malformed},
    {"extension_with_open_quotes", "3;a=\"b" + last, "", malformed},
    {"extension_with_quotes_and_more", "3;a=\"b\"c" + last, "", malformed},
    {"extension_with_8_bit_byte", "3;a=\xff" + last, "", malformed},
    {"extension_with_nul", "3;a=\"" + nul + "\"" + last, "", malformed},
    {"extension_with_lf", "3;a=\"\n\"" + last, "", malformed},
    {"extension_with_cr", "3;a=\r" + last, "", malformed},
    {"extension_too_long", "3;a=" + std::string(252, 'b') + last, "", malformed},

    {"trailer", "3\r\nabc\r\n0\r\nx-amz-checksum: 1\r\n\r\n", "abc", malformed},
    {"trailer_that_frames", "1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n", "a", malformed},
    {"size_missing", "\r\nabc\r\n0\r\n\r\n", "", malformed},
    {"size_in_words", "three" + last, "", malformed},
    {"size_negative", "-1" + last, "", malformed},
    {"size_signed", "+3" + last, "", malformed},
    {"size_with_prefix", "0x3" + last, "", malformed},
    {"size_with_separator", "0_3" + last, "", malformed},
    {"size_behind_space", " 3" + last, "", malformed},
    {"size_before_space", "3 " + last, "", malformed},
    {"size_before_nul", "3" + nul + last, "", malformed},
    {"size_of_64_bits", "ffffffffffffffff" + last, "", malformed},
    {"size_overflows", "10000000000000003" + last, "", malformed},
    {"seventeen_digits", "00000000000000003" + last, "", malformed},
    {"size_without_end", std::string(300, '0'), "", malformed},
    {"longer_than_its_size", "3\r\nabcd\r\n0\r\n\r\n", "abc", malformed},
    {"bare_lf_behind_size", "3\nabc\r\n0\r\n\r\n", "", malformed},
    {"bare_lf_behind_chunk", "3\r\nabc\n0\r\n\r\n", "abc", malformed},
    {"bare_cr_behind_chunk", "3\r\nabc\r0\r\n\r\n", "abc", malformed},
    {"bare_lf_behind_the_last", "0\r\n\n", "", malformed},
};

class Chunks : public testing::TestWithParam<ChunkCase> {};

TEST_P(Chunks, come_out_without_their_framing_however_they_are_cut) {
    for (const std::size_t step : {1U, 2U, 3U, 5U, 1000U}) {
        const Decoded got = decode(GetParam().encoded, step);
        EXPECT_EQ(got.status, GetParam().status) << step;
        EXPECT_EQ(got.rest, GetParam().rest) << step;
        EXPECT_EQ(got.body, GetParam().body) << step;
    }
}
INSTANTIATE_TEST_SUITE_P(table, Chunks, testing::ValuesIn(chunk_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Chunks, may_be_of_many_bytes) {
    std::string encoded;
    std::string body;
    for (std::size_t size = 1; size < 3000; size += 371) {
        char line[16];
        std::snprintf(line, sizeof line, "%zx\r\n", size);
        const std::string content(size, static_cast<char>('a' + size % 26));
        encoded += line + content + "\r\n";
        body += content;
    }
    encoded += "0\r\n\r\n";
    const Decoded got = decode(encoded, 64);
    EXPECT_EQ(got.status, finished);
    EXPECT_EQ(got.body, body);
}

TEST(Chunks, announce_their_size_before_their_data) {
    ChunkDecoder decoder;
    const DecodedChunk chunk = decoder.step("7fffffffffffffff\r\n");
    EXPECT_EQ(chunk.status, Status::step);
    EXPECT_EQ(chunk.announced, std::numeric_limits<std::int64_t>::max());
}

TEST(Chunks, may_have_few_extensions_only) {
    const std::string chunk = "1;a=" + std::string(200, 'b') + "\r\nx\r\n";
    std::string encoded;
    for (int i = 0; i < 80; ++i)
        encoded += chunk;
    EXPECT_EQ(decode(encoded + "0\r\n\r\n", 1000).status, finished);
    EXPECT_EQ(decode(encoded + encoded, 1000).status, malformed);
}

}  // namespace
}  // namespace sallyport::gateway
