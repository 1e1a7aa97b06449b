#include "firmware-client/http_answer.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

struct AnswerCase {
    const char* name;
    std::string bytes;
    unsigned status;  ///< 0: refused
    std::string body = "";
    bool keep_alive = true;
    bool ends = false;  ///< the connection ends behind the bytes
    bool head = false;  ///< answers a HEAD
};

const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";

const AnswerCase answer_cases[] = {
    {"counted", ok + "Content-Length: 5\r\n\r\nhello", 200, "hello"},
    {"empty", ok + "Content-Length: 0\r\n\r\n", 200},
    {"no_reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200},
    {"no_content", "HTTP/1.1 204 No Content\r\n\r\n", 204},
    {"head_has_no_body", ok + "Content-Length: 500\r\n\r\n", 200, "", true, false, true},
    {"head_chunked", chunked, 200, "", true, false, true},
    {"close", ok + "Connection: x, Close\r\nContent-Length: 0\r\n\r\n", 200, "", false},
    {"http_1_0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", false},
    {"until_end", ok + "\r\nabc", 200, "abc", false, true},
    {"interim", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n", 200},
    {"chunks", chunked + "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n", 200, "hello!"},
    {"chunks_with_trailer", chunked + "1\r\na\r\n0\r\nx-a: b\r\n\r\n", 200, "a"},
    {"largest_body", ok + "Content-Length: 64\r\n\r\n" + std::string(64, 'b'), 200, std::string(64, 'b')},
    {"too_large_body", ok + "Content-Length: 65\r\n\r\n", 0},
    {"too_large_chunks", chunked + "41\r\n" + std::string(65, 'b'), 0},
    {"too_large_open_body", ok + "\r\n" + std::string(65, 'b'), 0, "", true, true},
    {"cut_body", ok + "Content-Length: 5\r\n\r\nhell", 0, "", true, true},
    {"cut_chunks", chunked + "5\r\nhello\r\n", 0, "", true, true},
    {"cut_head", ok, 0, "", true, true},
    {"nothing", "", 0, "", true, true},
    {"bare_line_feed", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 0},
    {"folded_line", ok + "a: b\r\n c\r\n\r\n", 0},
    {"space_before_colon", ok + "Content-Length : 0\r\n\r\n", 0},
    {"no_colon", ok + "Content-Length\r\n\r\n", 0},
    {"two_lengths", ok + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 0},
    {"length_and_coding", ok + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 0},
    {"other_coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", 0},
    {"signed_length", ok + "Content-Length: +5\r\n\r\nhello", 0},
    {"listed_length", ok + "Content-Length: 5, 5\r\n\r\nhello", 0},
    {"huge_length", ok + "Content-Length: 99999999999999999999\r\n\r\n", 0},
    {"switching", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 0},
    {"http_2", "HTTP/2 200\r\n\r\n", 0},
    {"bad_status", "HTTP/1.1 2x0 OK\r\n\r\n", 0},
    {"status_600", "HTTP/1.1 600 X\r\n\r\n", 0},
    {"long_status", "HTTP/1.1 2000 OK\r\n\r\n", 0},
    {"chunk_too_long", chunked + "1\r\nab\r\n0\r\n\r\n", 0},
    {"bad_chunk_size", chunked + "0x1\r\na\r\n", 0},
    {"huge_chunk_size", chunked + "100000000\r\n", 0},
    {"nul_in_header", ok + std::string("a: \0\r\n\r\n", 8), 0},
    {"huge_head", ok + "a: " + std::string(16 * 1024, 'x'), 0},
};

class ParseAnswer : public testing::TestWithParam<AnswerCase> {};

/// Whole at once and byte by byte: where the network splits must not matter.
TEST_P(ParseAnswer, is_strict) {
    const auto& row = GetParam();
    for (const std::size_t step : {row.bytes.size() + 1, std::size_t{1}}) {
        AnswerParser parser(row.head, 64);
        bool refused = false;
        std::size_t used = 0;
        for (std::size_t at = 0; at < row.bytes.size() && !refused; at += step) {
            const auto fed = parser.feed(std::string_view{row.bytes}.substr(at, step));
            refused = !fed;
            if (fed) used += *fed;
        }
        if (row.ends && !refused) refused = !parser.end_of_stream();
        ASSERT_EQ(refused, row.status == 0) << "step " << step;
        if (refused) continue;
        ASSERT_TRUE(parser.complete());
        EXPECT_EQ(used, row.bytes.size());
        const Answer answer = parser.take();
        EXPECT_EQ(answer.status, row.status);
        EXPECT_EQ(answer.body, row.body);
        EXPECT_EQ(answer.keep_alive, row.keep_alive);
    }
}

INSTANTIATE_TEST_SUITE_P(table, ParseAnswer, testing::ValuesIn(answer_cases),
                         [](const auto& row) { return row.param.name; });

TEST(ParseAnswer, bounds_what_can_be_repeated) {
    std::string lines = ok;
    for (int i = 0; i < 100; ++i)
        lines += "a: b\r\n";
    EXPECT_TRUE(AnswerParser(false, 64).feed(lines));
    EXPECT_FALSE(AnswerParser(false, 64).feed(lines + "a: b\r\n"));
    std::string interim;
    for (int i = 0; i < 5; ++i)
        interim += "HTTP/1.1 102 Processing\r\n\r\n";
    EXPECT_TRUE(AnswerParser(false, 64).feed(interim));
    EXPECT_FALSE(AnswerParser(false, 64).feed(interim + "HTTP/1.1 102 Processing\r\n\r\n"));
}

TEST(AnswerHeader, is_found_once_in_any_case) {
    const Answer answer{200, {{"ETag", "\"a\""}, {"x-twice", "1"}, {"X-Twice", "2"}}, "", true};
    ASSERT_NE(answer.header("etag"), nullptr);
    EXPECT_EQ(*answer.header("etag"), "\"a\"");
    EXPECT_EQ(answer.header("x-twice"), nullptr);
    EXPECT_EQ(answer.header("x-none"), nullptr);
}

}  // namespace
}  // namespace sallyport::device
