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

}  // namespace
}  // namespace sallyport::gateway
