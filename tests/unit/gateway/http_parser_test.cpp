#include "gateway/http_parser.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

std::span<const char> span_of(std::string_view text) {
    return {text.data(), text.size()};
}

const std::string whole_head =
    "PUT /fleet/A1/x?x-id=PutObject HTTP/1.1\r\nHost: s3.example\r\nX-Empty:\r\nx-AMZ-date: \t a  b \t\r\n"
    "X-Empty: 2\r\n\r\n";

void expect_whole_head(const RequestHead& head) {
    EXPECT_EQ(head.method, "PUT");
    EXPECT_EQ(head.target, "/fleet/A1/x?x-id=PutObject");
    EXPECT_EQ(head.version, 11U);
    ASSERT_EQ(head.fields.size(), 4U);
    EXPECT_EQ(head.fields[0].name, "Host");
    EXPECT_EQ(head.fields[0].value, "s3.example");
    EXPECT_EQ(head.fields[1].value, "");
    EXPECT_EQ(head.fields[2].name, "x-AMZ-date");
    EXPECT_EQ(head.fields[2].value, "a  b");
    EXPECT_EQ(head.fields[3].name, "X-Empty");
}

TEST(RequestParser, gives_views_into_the_input) {
    const std::string input = whole_head + "body";
    RequestParser parser(1024);
    RequestHead head;
    const auto parsed = parser.parse_head(span_of(input), head);
    ASSERT_EQ(parsed.status, ParseStatus::done) << parsed.detail;
    EXPECT_EQ(parsed.bytes, whole_head.size());
    expect_whole_head(head);
    for (const HeaderField& field : head.fields) {
        EXPECT_GE(field.name.data(), input.data());
        EXPECT_LE(field.value.data() + field.value.size(), input.data() + input.size());
    }
}

TEST(RequestParser, takes_a_head_byte_by_byte) {
    RequestParser parser(1024);
    RequestHead head;
    for (std::size_t size = 0; size < whole_head.size(); ++size) {
        const auto parsed = parser.parse_head(span_of(whole_head).first(size), head);
        ASSERT_EQ(parsed.status, ParseStatus::need_more) << size << ": " << parsed.detail;
    }
    ASSERT_EQ(parser.parse_head(span_of(whole_head), head).status, ParseStatus::done);
    expect_whole_head(head);
}

TEST(RequestParser, takes_a_head_that_moves_while_it_grows) {
    RequestParser parser(1024);
    RequestHead head;
    for (std::size_t size = 0; size < whole_head.size(); size += 7) {
        const std::string part = whole_head.substr(0, size);  // at another address each time
        ASSERT_EQ(parser.parse_head(span_of(part), head).status, ParseStatus::need_more);
    }
    ASSERT_EQ(parser.parse_head(span_of(whole_head), head).status, ParseStatus::done);
    expect_whole_head(head);
}

struct HeadCase {
    const char* name;
    std::string input;
    ParseStatus status;
};

std::string request(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}
std::string many_fields(std::size_t count) {
    std::string fields;
    for (std::size_t i = 0; i < count; ++i)
        fields += "x: 1\r\n";
    return "GET / HTTP/1.1\r\n" + fields + "\r\n";
}
/// A head of exactly `size` bytes; the parser below has a limit of 1024.
std::string sized(std::size_t size) {
    const std::string frame = request("X: \r\n");
    return request("X: " + std::string(size - frame.size(), 'x') + "\r\n");
}

constexpr auto done = ParseStatus::done;
constexpr auto malformed = ParseStatus::malformed;
constexpr auto too_large = ParseStatus::too_large;
constexpr auto need_more = ParseStatus::need_more;

const HeadCase head_cases[] = {
    {"plain", request(""), done},
    {"http_1_0", "GET / HTTP/1.0\r\n\r\n", done},
    {"http_1_2", "GET / HTTP/1.2\r\n\r\n", malformed},
    {"http_2_0", "GET / HTTP/2.0\r\n\r\n", malformed},
    {"http_0_9", "GET /\r\n\r\n", malformed},
    {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", malformed},
    {"version_in_lower_case", "GET / http/1.1\r\n\r\n", malformed},
    {"version_with_zeros", "GET / HTTP/01.1\r\n\r\n", malformed},
    {"tls_hello", std::string("\x16\x03\x01\x02\r\n\r\n", 8), malformed},
    {"empty_line_first", "\r\n" + request(""), malformed},
    {"empty_head", "\r\n\r\n", malformed},
    {"two_spaces", "GET  / HTTP/1.1\r\n\r\n", malformed},
    {"space_behind_version", "GET / HTTP/1.1 \r\n\r\n", malformed},
    {"space_before_method", " GET / HTTP/1.1\r\n\r\n", malformed},
    {"bare_lf_ends_request_line", "GET / HTTP/1.1\nHost: h\r\n\r\n", malformed},
    {"bare_lf_ends_field", request("X: 1\n"), malformed},
    {"bare_lf_ends_head", "GET / HTTP/1.1\r\nHost: h\r\n\n", malformed},
    {"bare_cr_in_value", request("X: 1\rY: 2\r\n"), malformed},
    {"space_before_colon", request("X : 1\r\n"), malformed},
    {"tab_before_colon", request("X\t: 1\r\n"), malformed},
    {"no_colon", request("X\r\n"), malformed},
    {"no_name", request(": 1\r\n"), malformed},
    {"name_with_bracket", request("X(y): 1\r\n"), malformed},
    {"name_in_utf8", request("\xC3\xA9: 1\r\n"), malformed},
    {"nul_in_name", request(std::string("X\0: 1\r\n", 7)), malformed},
    {"nul_in_value", request(std::string("X: \0\r\n", 6)), malformed},
    {"lengths_differ", request("Content-Length: 1\r\nContent-Length: 2\r\n"), malformed},
    {"length_negative", request("Content-Length: -1\r\n"), malformed},
    {"fits_exactly", sized(1024), done},
    {"one_too_many", sized(1025), too_large},
    {"far_too_many", sized(4096), too_large},
    {"endless", std::string(1024, 'x'), too_large},
    {"endless_within_limit", std::string(1023, 'x'), need_more},
    {"a_hundred_fields", many_fields(100), done},
    {"a_hundred_and_one_fields", many_fields(101), too_large},
};

class ParseHead : public testing::TestWithParam<HeadCase> {};

TEST_P(ParseHead, is_strict_and_bounded) {
    RequestParser parser(1024);
    RequestHead head;
    const auto parsed = parser.parse_head(span_of(GetParam().input), head);
    EXPECT_EQ(parsed.status, GetParam().status) << parsed.detail;
    EXPECT_EQ(parsed.detail.empty(), parsed.status != malformed);
}
INSTANTIATE_TEST_SUITE_P(table, ParseHead, testing::ValuesIn(head_cases),
                         [](const auto& row) { return row.param.name; });

// ---- answers --------------------------------------------------------------------------------------

const HeadCase answer_cases[] = {
    {"plain", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", done},
    {"http_1_0", "HTTP/1.0 200 OK\r\n\r\n", done},
    {"no_reason", "HTTP/1.1 200 \r\n\r\n", done},
    {"http_2", "HTTP/2 200 OK\r\n\r\n", malformed},
    {"two_digits", "HTTP/1.1 20 OK\r\n\r\n", malformed},
    {"four_digits", "HTTP/1.1 2000 OK\r\n\r\n", malformed},
    {"letters", "HTTP/1.1 2xx OK\r\n\r\n", malformed},
    {"no_http", "SSH-2.0-x\r\n\r\n", malformed},
    {"bare_lf", "HTTP/1.1 200 OK\n\n", malformed},
    {"cut", "HTTP/1.1 200 OK\r\nContent-Le", need_more},
    {"too_large", "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", too_large},
};

class ParseAnswer : public testing::TestWithParam<HeadCase> {};

TEST_P(ParseAnswer, is_strict_and_bounded) {
    AnswerParser parser(1024);
    AnswerHead head;
    EXPECT_EQ(parser.parse_head(span_of(GetParam().input), head).status, GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(table, ParseAnswer, testing::ValuesIn(answer_cases),
                         [](const auto& row) { return row.param.name; });

TEST(AnswerParser, gives_status_reason_and_fields) {
    const std::string input = "HTTP/1.0 404 Not \xC3\xA4 Found\r\nETag: \"x\"\r\n\r\nbody";
    AnswerParser parser(1024);
    AnswerHead head;
    ASSERT_EQ(parser.parse_head(span_of(input), head).status, done);
    EXPECT_EQ(head.status, 404U);
    EXPECT_EQ(head.reason, "Not \xC3\xA4 Found");
    EXPECT_EQ(head.version, 10U);
    ASSERT_EQ(head.fields.size(), 1U);
    EXPECT_EQ(head.fields[0].value, "\"x\"");
}

// ---- chunked bodies ---------------------------------------------------------------------------------

struct Unchunked {
    std::string body;
    std::string rest;  ///< of the input, behind the body
    ParseStatus status = need_more;
};

/// Feeds `encoded` in reads of `step` bytes, as a socket would.
template <class Parser>
Unchunked unchunk(Parser& parser, std::string_view encoded, std::size_t step) {
    Unchunked result;
    std::string pending;
    for (;;) {
        ParsedChunk chunk;  // without input the parser has no step to make
        if (!pending.empty()) chunk = parser.parse_chunk(span_of(pending));
        result.body += chunk.body;
        result.status = chunk.finished ? done : chunk.status;
        pending.erase(0, chunk.bytes);
        if (chunk.finished) {
            result.rest = pending + std::string(encoded);
            return result;
        }
        if (chunk.status == malformed || (chunk.status == need_more && encoded.empty())) return result;
        if (chunk.status == need_more) {
            pending += encoded.substr(0, step);
            encoded.remove_prefix(std::min(step, encoded.size()));
        }
    }
}

struct ChunkCase {
    const char* name;
    std::string encoded;
    std::string body;
    ParseStatus status;
    std::string rest = {};
};

const ChunkCase chunk_cases[] = {
    {"one", "3\r\nabc\r\n0\r\n\r\n", "abc", done},
    {"two", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", "abcd", done},
    {"hexadecimal", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", done},
    {"zeros_first", "0003\r\nabc\r\n000\r\n\r\n", "abc", done},
    {"body_looks_like_an_end", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n", done},
    {"next_request_behind", "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", done, "GET / HTTP/1.1\r\n"},
    {"cut_in_chunk", "3\r\nab", "ab", need_more},
    {"cut_before_last_chunk", "3\r\nabc\r\n", "abc", need_more},
    {"cut_in_the_end", "3\r\nabc\r\n0\r\n", "abc", need_more},
    {"trailer", "3\r\nabc\r\n0\r\nx-amz-checksum: 1\r\n\r\n", "abc", malformed},
    {"trailer_that_frames", "1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n", "a", malformed},
    {"size_missing", "\r\nabc\r\n0\r\n\r\n", "", malformed},
    {"size_in_words", "three\r\nabc\r\n0\r\n\r\n", "", malformed},
    {"size_negative", "-1\r\nabc\r\n0\r\n\r\n", "", malformed},
    {"size_with_prefix", "0x3\r\nabc\r\n0\r\n\r\n", "", malformed},
    {"size_overflows", "10000000000000003\r\nabc\r\n0\r\n\r\n", "", malformed},
    {"longer_than_its_size", "3\r\nabcd\r\n0\r\n\r\n", "abc", malformed},
    {"bare_lf_behind_size", "3\nabc\r\n0\r\n\r\n", "", malformed},
    {"bare_lf_behind_chunk", "3\r\nabc\n0\r\n\r\n", "abc", malformed},
};

class Chunks : public testing::TestWithParam<ChunkCase> {};

const std::string chunked_request = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string chunked_answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_P(Chunks, come_out_without_their_framing_however_they_are_cut) {
    for (const std::size_t step : {1U, 2U, 3U, 5U, 1000U}) {
        RequestParser request_parser(1024);
        RequestHead request_head;
        ASSERT_EQ(request_parser.parse_head(span_of(chunked_request), request_head).status, done);
        const Unchunked up = unchunk(request_parser, GetParam().encoded, step);
        AnswerParser answer_parser(1024);
        AnswerHead answer_head;
        ASSERT_EQ(answer_parser.parse_head(span_of(chunked_answer), answer_head).status, done);
        const Unchunked down = unchunk(answer_parser, GetParam().encoded, step);
        for (const Unchunked& got : {up, down}) {
            EXPECT_EQ(got.status, GetParam().status) << step;
            EXPECT_EQ(got.rest, GetParam().rest) << step;
            if (GetParam().status == malformed) {
                EXPECT_TRUE(GetParam().body.starts_with(got.body)) << step << ": " << got.body;
            } else {
                EXPECT_EQ(got.body, GetParam().body) << step;
            }
        }
    }
}
INSTANTIATE_TEST_SUITE_P(table, Chunks, testing::ValuesIn(chunk_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Chunks, may_be_none) {
    for (const std::size_t step : {2U, 3U, 4U, 5U}) {
        RequestParser parser(1024);
        RequestHead head;
        ASSERT_EQ(parser.parse_head(span_of(chunked_request), head).status, done);
        const Unchunked got = unchunk(parser, "0\r\n\r\n", step);
        EXPECT_EQ(got.status, done) << step;
        EXPECT_EQ(got.body, "") << step;
    }
}

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
    RequestParser parser(1024);
    RequestHead head;
    ASSERT_EQ(parser.parse_head(span_of(chunked_request), head).status, done);
    const Unchunked got = unchunk(parser, encoded, 64);
    EXPECT_EQ(got.status, done);
    EXPECT_EQ(got.body, body);
}

}  // namespace
}  // namespace sallyport::gateway
