#include "gateway/rules/header_rules.h"

#include "tests/support/head_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using Kind = AnswerDelivery::Framing;

TEST(UpstreamHead, passes_what_a_signature_may_cover_byte_for_byte) {
    const RequestHead head{"PUT",
                           "/fleet/A1/a%20b?x-id=PutObject",
                           11,
                           {{"hOST", "S3.example:8443"},
                            {"Connection", "keep-alive, TE"},
                            {"TE", "trailers"},
                            {"content-length", "5"},
                            {"X-Amz-Date", "20260101T000000Z"},
                            {"x-amz-date", "a  b"},
                            {"Expect", "100-continue"},
                            {"Keep-Alive", "timeout=5"},
                            {"Proxy-Connection", "close"},
                            {"Proxy-Authorization", "Basic eA=="},
                            {"Authorization", "AWS4-HMAC-SHA256 Credential=AK/x, Signature=00"},
                            {"Empty", ""}}};
    EXPECT_EQ(upstream_head(head, {Framing::length, 5, true, true, "S3.example:8443"}),
              "PUT /fleet/A1/a%20b?x-id=PutObject HTTP/1.1\r\n"
              "hOST: S3.example:8443\r\n"
              "X-Amz-Date: 20260101T000000Z\r\n"
              "x-amz-date: a  b\r\n"
              "Expect: 100-continue\r\n"
              "Authorization: AWS4-HMAC-SHA256 Credential=AK/x, Signature=00\r\n"
              "Empty: \r\n"
              "Content-Length: 5\r\n"
              "\r\n");
}

TEST(UpstreamHead, hands_on_only_an_expectation_that_is_waited_for) {
    const RequestHead head{"PUT", "/b/k", 11, {{"Host", "h"}, {"expect", "100-continue"}}};
    Delivery delivery;
    EXPECT_EQ(upstream_head(head, delivery), "PUT /b/k HTTP/1.1\r\nHost: h\r\n\r\n");
    delivery.expects_continue = true;
    EXPECT_EQ(upstream_head(head, delivery), "PUT /b/k HTTP/1.1\r\nHost: h\r\nexpect: 100-continue\r\n\r\n");
}

struct UpstreamCase {
    const char* name;
    Framing kind;
    std::uint64_t length;
    const char* framing;
};
const UpstreamCase upstream_cases[] = {
    {"no_body", Framing::none, 0, ""},
    {"no_body_whatever_the_length", Framing::none, 7, ""},
    {"empty_body", Framing::length, 0, "Content-Length: 0\r\n"},
    {"largest_body", Framing::length, ~0ULL, "Content-Length: 18446744073709551615\r\n"},
    {"chunked_body", Framing::chunked, 0, "Transfer-Encoding: chunked\r\n"},
};

class UpstreamFraming : public testing::TestWithParam<UpstreamCase> {};

TEST_P(UpstreamFraming, is_of_our_own_making) {
    const RequestHead head{
        "POST", "/b/k", 10, {{"Content-Length", "99"}, {"Transfer-Encoding", "gzip"}, {"Host", "h"}}};
    Delivery delivery;
    delivery.framing = GetParam().kind;
    delivery.content_length = GetParam().length;
    EXPECT_EQ(upstream_head(head, delivery),
              std::string("POST /b/k HTTP/1.1\r\nHost: h\r\n") + GetParam().framing + "\r\n");
}
INSTANTIATE_TEST_SUITE_P(table, UpstreamFraming, testing::ValuesIn(upstream_cases),
                         [](const auto& row) { return row.param.name; });

struct AnswerCase {
    const char* name;
    const char* method;
    std::string raw;
    std::optional<Kind> framing;  ///< nothing: refused
    bool keep_alive = true;
};

std::string ok(const std::string& fields) {
    return "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
}
std::string status(const std::string& line, const std::string& fields = "Content-Length: 0\r\n") {
    return line + "\r\n" + fields + "\r\n";
}

const AnswerCase answer_cases[] = {
    {"length", "GET", ok("Content-Length: 5\r\n"), Kind::length},
    {"length_zero", "GET", ok("Content-Length: 0\r\n"), Kind::none},
    {"length_negative", "GET", ok("Content-Length: -1\r\n"), {}},
    {"length_signed", "GET", ok("Content-Length: +5\r\n"), {}},
    {"length_empty", "GET", ok("Content-Length:\r\n"), {}},
    {"length_list", "GET", ok("Content-Length: 5, 5\r\n"), {}},
    {"length_with_leading_zero", "GET", ok("Content-Length: 05\r\n"), {}},
    {"length_hexadecimal", "GET", ok("Content-Length: 0x5\r\n"), {}},
    {"length_and_more", "GET", ok("Content-Length: 5 6\r\n"), {}},
    {"length_largest", "GET", ok("Content-Length: 18446744073709551615\r\n"), Kind::length},
    {"length_overflows", "GET", ok("Content-Length: 18446744073709551616\r\n"), {}},
    {"length_twice", "GET", ok("Content-Length: 5\r\nContent-Length: 5\r\n"), {}},
    {"length_twice_differing", "GET", ok("Content-Length: 5\r\ncontent-length: 6\r\n"), {}},
    {"chunked", "GET", ok("Transfer-Encoding: chunked\r\n"), Kind::chunked},
    {"chunked_in_capitals", "GET", ok("TRANSFER-ENCODING: Chunked\r\n"), Kind::chunked},
    {"chunked_twice", "GET", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), {}},
    {"chunked_and_length", "GET", ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), {}},
    {"chunked_and_length_to_head", "HEAD", ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), {}},
    {"chunked_in_http_1_0", "GET", status("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n"), {}},
    {"gzip", "GET", ok("Transfer-Encoding: gzip\r\n"), {}},
    {"gzip_chunked", "GET", ok("Transfer-Encoding: gzip, chunked\r\n"), {}},
    {"until_close", "GET", ok(""), Kind::until_close, false},
    {"until_close_in_http_1_0", "GET", status("HTTP/1.0 200 OK", ""), Kind::until_close, false},
    {"head_without_length", "HEAD", ok(""), Kind::none},
    {"head_with_length", "HEAD", ok("Content-Length: 5\r\n"), Kind::none},
    {"no_content", "DELETE", status("HTTP/1.1 204 No Content", ""), Kind::none},
    {"not_modified", "GET", status("HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n"), Kind::none},
    {"partial", "GET", status("HTTP/1.1 206 Partial Content", "Content-Length: 5\r\n"), Kind::length},
    {"redirection", "GET", status("HTTP/1.1 307 Temporary Redirect"), Kind::none},
    {"last_status", "GET", status("HTTP/1.1 599 X"), Kind::none},
    {"status_too_high", "GET", status("HTTP/1.1 600 X"), {}},
    {"status_of_four_digits", "GET", status("HTTP/1.1 2000 X"), {}},
    {"status_zero", "GET", status("HTTP/1.1 000 X"), {}},
    {"interim", "PUT", status("HTTP/1.1 199 X"), {}},
    {"switching_protocols", "GET", status("HTTP/1.1 101 Switching Protocols"), {}},
    // An offer that a server may make at any time (RFC 9110 7.8); it goes no further than us.
    {"offer_to_upgrade", "GET", ok("Upgrade: h2c\r\nContent-Length: 5\r\n"), Kind::length},
    {"connection_close", "GET", ok("Content-Length: 5\r\nConnection: close\r\n"), Kind::length, false},
    {"connection_kept", "GET", ok("Content-Length: 5\r\nConnection: Keep-Alive\r\n"), Kind::length},
    {"connection_both", "GET", ok("Content-Length: 5\r\nConnection: keep-alive, close\r\n"), Kind::length,
     false},
    {"http_1_0_is_not_kept", "GET", status("HTTP/1.0 200 OK", "Content-Length: 5\r\n"), Kind::length, false},
    {"bare_lf", "GET", "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n", {}},
    {"bare_lf_at_the_end", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n", {}},
    {"bare_cr", "GET", ok("X: 1\rContent-Length: 5\r\n"), {}},
    {"cr_at_the_end", "GET", ok("Content-Length: 5\r\n") + "\r", {}},
    {"folded", "GET", ok("X: 1\r\n Content-Length: 5\r\n"), {}},
    {"folded_by_tab", "GET", ok("X: 1\r\n\tY: 2\r\n"), {}},
    {"nul", "GET", ok(std::string("X: \0\r\nContent-Length: 5\r\n", 26)), {}},
    {"escape_in_reason", "GET", status("HTTP/1.1 200 \x1B[2J"), {}},
    {"delete", "GET", ok("X: \x7F\r\nContent-Length: 5\r\n"), {}},
    {"tab_and_utf8", "GET", ok("X: a\t\xC3\xA9\r\nContent-Length: 5\r\n"), Kind::length},
};

class JudgeAnswer : public testing::TestWithParam<AnswerCase> {};

TEST_P(JudgeAnswer, believes_only_what_has_one_reading) {
    const AnswerCase& row = GetParam();
    const auto delivery = judge_answer(row.raw, test::HeadSplitter(row.raw).answer(), row.method);
    ASSERT_EQ(delivery.has_value(), row.framing.has_value()) << (delivery ? "" : delivery.error().detail);
    if (!delivery) {
        EXPECT_EQ(delivery.error().reason, Reason::store_malformed);
        EXPECT_EQ(delivery.error().status, 502U);
        return;
    }
    EXPECT_EQ(delivery->framing, *row.framing);
    EXPECT_EQ(delivery->keep_alive, row.keep_alive);
}
INSTANTIATE_TEST_SUITE_P(table, JudgeAnswer, testing::ValuesIn(answer_cases),
                         [](const auto& row) { return row.param.name; });

TEST(JudgeAnswer, keeps_the_length_that_a_head_request_asks_for) {
    const std::string raw = ok("Content-Length: 10485760\r\n");
    const auto delivery = judge_answer(raw, test::HeadSplitter(raw).answer(), "HEAD").value();
    EXPECT_TRUE(delivery.declares_length);
    EXPECT_EQ(delivery.content_length, 10485760U);
}

struct DownstreamCase {
    const char* name;
    unsigned status;
    AnswerDelivery delivery;
    bool chunked;
    bool keep_alive;
    const char* framing;
};
const DownstreamCase downstream_cases[] = {
    {"length", 200, {Kind::length, 5, true}, false, true, "Content-Length: 5\r\n"},
    {"length_then_close",
     200,
     {Kind::length, 5, true},
     false,
     false,
     "Content-Length: 5\r\nConnection: close\r\n"},
    {"empty", 200, {Kind::none, 0, true}, false, true, "Content-Length: 0\r\n"},
    {"to_head", 200, {Kind::none, 5, true}, false, true, "Content-Length: 5\r\n"},
    {"not_modified", 304, {Kind::none, 5, true}, false, true, "Content-Length: 5\r\n"},
    {"no_content", 204, {Kind::none, 0, true}, false, true, ""},
    {"chunked", 200, {Kind::chunked}, true, true, "Transfer-Encoding: chunked\r\n"},
    {"until_close_for_http_1_1", 200, {Kind::until_close}, true, true, "Transfer-Encoding: chunked\r\n"},
    {"until_close_for_http_1_0", 200, {Kind::until_close}, false, false, "Connection: close\r\n"},
};

class DownstreamHead : public testing::TestWithParam<DownstreamCase> {};

TEST_P(DownstreamHead, passes_end_to_end_fields_and_frames_the_rest) {
    const DownstreamCase& row = GetParam();
    const AnswerHead answer{row.status,
                            "Some Reason",
                            10,
                            {{"ETag", "\"1\""},
                             {"Content-Length", "99"},
                             {"connection", "close"},
                             {"Keep-Alive", "timeout=5"},
                             {"Transfer-Encoding", "chunked"},
                             {"Trailer", "x"},
                             {"Content-Encoding", "gzip"}}};
    EXPECT_EQ(downstream_head(answer, row.delivery, row.chunked, row.keep_alive),
              "HTTP/1.1 " + std::to_string(row.status) +
                  " Some Reason\r\nETag: \"1\"\r\nContent-Encoding: gzip\r\n" + row.framing + "\r\n");
}
INSTANTIATE_TEST_SUITE_P(table, DownstreamHead, testing::ValuesIn(downstream_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DenialAnswer, is_a_whole_s3_error) {
    const std::string answer =
        denial_answer(access_denied(Reason::wrong_prefix, "A1 wants A2"), "/fleet/A2/<x>", "R1", false, true);
    const auto body = answer.find("\r\n\r\n") + 4;
    EXPECT_EQ(answer.substr(0, body),
              "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\n"
              "Content-Length: " +
                  std::to_string(answer.size() - body) + "\r\nx-amz-request-id: R1\r\n\r\n");
    EXPECT_THAT(answer, testing::HasSubstr("<Code>AccessDenied</Code>"));
    EXPECT_THAT(answer, testing::HasSubstr("<Message>Access Denied</Message>"));
    EXPECT_THAT(answer, testing::HasSubstr("/fleet/A2/&lt;x&gt;"));
    EXPECT_THAT(answer, testing::HasSubstr("<RequestId>R1</RequestId>"));
    EXPECT_THAT(answer, testing::Not(testing::HasSubstr("A1 wants A2"))) << "details are for the log";
}

TEST(DenialAnswer, has_no_body_for_head_but_its_length) {
    const Denial denial = bad_gateway("x");
    const std::string whole = denial_answer(denial, "/b/k", "R1", false, false);
    const std::string head = denial_answer(denial, "/b/k", "R1", true, false);
    EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
    EXPECT_THAT(head, testing::HasSubstr("\r\nConnection: close\r\n"));
}

struct StatusCase {
    const char* name;
    Denial denial;
    const char* line;
    bool retry;
};
const StatusCase status_cases[] = {
    {"bad_request", bad_request(Reason::malformed, ""), "HTTP/1.1 400 Bad Request\r\n", false},
    {"forbidden", access_denied(Reason::revoked, ""), "HTTP/1.1 403 Forbidden\r\n", false},
    {"not_allowed", method_not_allowed(""), "HTTP/1.1 405 Method Not Allowed\r\n", false},
    {"timeout", request_timeout(""), "HTTP/1.1 408 Request Timeout\r\n", false},
    {"too_large", entity_too_large(""), "HTTP/1.1 400 Bad Request\r\n", false},
    {"bad_gateway", bad_gateway(""), "HTTP/1.1 502 Bad Gateway\r\n", false},
    {"unavailable", store_unavailable(Reason::store_down, ""), "HTTP/1.1 503 Service Unavailable\r\n", true},
};

class DenialStatus : public testing::TestWithParam<StatusCase> {};

TEST_P(DenialStatus, is_what_http_calls_it) {
    const std::string answer = denial_answer(GetParam().denial, "/", "R", false, true);
    EXPECT_THAT(answer, testing::StartsWith(GetParam().line));
    EXPECT_EQ(answer.find("\r\nRetry-After: ") != answer.npos, GetParam().retry);
    EXPECT_EQ(answer.find("Connection:"), answer.npos);
}
INSTANTIATE_TEST_SUITE_P(table, DenialStatus, testing::ValuesIn(status_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
