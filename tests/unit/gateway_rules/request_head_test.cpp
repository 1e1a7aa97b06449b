#include "gateway/rules/request_head.h"

#include "tests/support/head_splitter.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

const HostNames hosts = {"s3.example", "192.0.2.1", "[2001:db8::1]"};

constexpr unsigned accepted = 0;

struct HeadCase {
    const char* name;
    std::string raw;
    unsigned status;  ///< of the denial, or `accepted`
};

std::string head_of(const std::string& request_line, const std::string& fields) {
    return request_line + "\r\nHost: s3.example\r\n" + fields + "\r\n";
}
std::string put(const std::string& fields) {
    return head_of("PUT /fleet/A1/log.mf4 HTTP/1.1", fields);
}
std::string get(const std::string& target) {
    return head_of("GET " + target + " HTTP/1.1", "");
}
std::string hosted(const std::string& host) {
    return "GET / HTTP/1.1\r\n" + host + "\r\n";
}

const HeadCase line_cases[] = {
    {"plain", put("X: 1\r\n"), accepted},
    {"bare_lf_after_field", put("X: 1\n"), 400},
    {"bare_lf_after_request_line", "PUT /a/b HTTP/1.1\nHost: s3.example\r\n\r\n", 400},
    {"bare_lf_ends_head", "PUT /a/b HTTP/1.1\r\nHost: s3.example\r\n\n", 400},
    {"lf_first", "\nPUT /a/b HTTP/1.1\r\nHost: s3.example\r\n\r\n", 400},
    {"bare_cr_in_value", put("X: 1\rY: 2\r\n"), 400},
    {"cr_before_crlf", put("X: 1\r\r\n"), 400},
    {"cr_at_end", put("X: 1\r\n") + "\r", 400},
    {"tab_in_value", put("X: a\tb\r\n"), accepted},
    {"folded_by_space", put("X: 1\r\n Y: 2\r\n"), 400},
    {"folded_by_tab", put("X: 1\r\n\tY: 2\r\n"), 400},
    {"folded_length", put("Content-Length:\r\n 5\r\n"), 400},
    {"nul_in_value", put(std::string("X: a\0b\r\n", 8)), 400},
    {"escape_in_value", put("X: a\x1B[2J\r\n"), 400},
    {"vertical_tab_in_value", put("X: a\x0B\r\n"), 400},
    {"delete_in_value", put("X: a\x7F\r\n"), 400},
    {"utf8_in_value", put("X: \xC3\xA9\r\n"), accepted},
};

const HeadCase target_cases[] = {
    {"root", get("/"), accepted},
    {"with_query", get("/fleet?list-type=2"), accepted},
    {"absolute_form", get("http://s3.example/fleet/A1/x"), 400},
    {"authority_form", get("s3.example:443"), 400},
    {"asterisk_form", get("*"), 400},
    {"no_target", "GET  HTTP/1.1\r\nHost: s3.example\r\n\r\n", 400},
    {"relative", get("fleet/A1/x"), 400},
    {"space", get("/fleet/A1/x y"), 400},
    {"encoded_space", get("/fleet/A1/x%20y"), accepted},
    {"fragment", get("/fleet/A1/x#y"), 400},
    {"encoded_number_sign", get("/fleet/A1/x%23y"), accepted},
    {"tab", get("/fleet/A1/x\ty"), 400},
    {"raw_utf8", get("/fleet/A1/\xC3\xA9"), 400},
    {"encoded_utf8", get("/fleet/A1/%C3%A9"), accepted},
};

const HeadCase method_cases[] = {
    {"get", get("/"), accepted},
    {"lower_case", head_of("get / HTTP/1.1", ""), 405},
    {"head", head_of("HEAD / HTTP/1.1", ""), accepted},
    {"post", head_of("POST / HTTP/1.1", ""), accepted},
    {"delete", head_of("DELETE / HTTP/1.1", ""), accepted},
    {"longer", head_of("PUTT / HTTP/1.1", ""), 405},
    {"shorter", head_of("PU / HTTP/1.1", ""), 405},
    {"none", head_of(" / HTTP/1.1", ""), 405},
    {"connect", head_of("CONNECT s3.example:443 HTTP/1.1", ""), 405},
    {"options", head_of("OPTIONS * HTTP/1.1", ""), 405},
    {"trace", head_of("TRACE / HTTP/1.1", ""), 405},
    {"patch", head_of("PATCH / HTTP/1.1", ""), 405},
};

const HeadCase host_cases[] = {
    {"name", hosted("Host: s3.example\r\n"), accepted},
    {"name_of_field_in_capitals", hosted("HOST: s3.example\r\n"), accepted},
    {"upper_case_name", hosted("Host: S3.Example\r\n"), accepted},
    {"with_port", hosted("Host: s3.example:8443\r\n"), accepted},
    {"last_port", hosted("Host: s3.example:65535\r\n"), accepted},
    {"port_too_large", hosted("Host: s3.example:65536\r\n"), 421},
    {"port_overflows", hosted("Host: s3.example:4294967739\r\n"), 421},
    {"port_zero", hosted("Host: s3.example:0\r\n"), 421},
    {"port_empty", hosted("Host: s3.example:\r\n"), 421},
    {"port_is_a_word", hosted("Host: s3.example:https\r\n"), 421},
    {"port_signed", hosted("Host: s3.example:+443\r\n"), 421},
    {"port_and_more", hosted("Host: s3.example:443x\r\n"), 421},
    {"two_ports", hosted("Host: s3.example:443:443\r\n"), 421},
    {"user_info", hosted("Host: s3.example@evil.example\r\n"), 421},
    {"user_info_first", hosted("Host: evil@s3.example\r\n"), 421},
    {"two_names", hosted("Host: s3.example, evil.example\r\n"), 421},
    {"path", hosted("Host: s3.example/x\r\n"), 421},
    {"trailing_dot", hosted("Host: s3.example.\r\n"), 421},
    {"below", hosted("Host: fleet.s3.example\r\n"), 421},
    {"foreign", hosted("Host: evil.example\r\n"), 421},
    {"ipv4", hosted("Host: 192.0.2.1:8443\r\n"), accepted},
    {"other_ipv4", hosted("Host: 192.0.2.10\r\n"), 421},
    {"ipv6", hosted("Host: [2001:db8::1]\r\n"), accepted},
    {"ipv6_with_port", hosted("Host: [2001:db8::1]:8443\r\n"), accepted},
    {"ipv6_port_empty", hosted("Host: [2001:db8::1]:\r\n"), 421},
    {"ipv6_without_brackets", hosted("Host: 2001:db8::1\r\n"), 421},
    {"ipv6_not_closed", hosted("Host: [2001:db8::1\r\n"), 421},
    {"empty", hosted("Host:\r\n"), 421},
    {"only_a_port", hosted("Host: :443\r\n"), 421},
    {"missing", hosted(""), 400},
    {"missing_in_http_1_0", "GET / HTTP/1.0\r\n\r\n", 400},
    {"repeated", hosted("Host: s3.example\r\nHost: s3.example\r\n"), 400},
    {"repeated_in_other_case", hosted("Host: s3.example\r\nhOST: s3.example\r\n"), 400},
    {"second_is_foreign", hosted("Host: s3.example\r\nHost: evil.example\r\n"), 400},
};

const HeadCase framing_cases[] = {
    {"length", put("Content-Length: 5\r\n"), accepted},
    {"length_zero", put("Content-Length: 0\r\n"), accepted},
    {"length_largest", put("Content-Length: 18446744073709551615\r\n"), accepted},
    {"length_overflows", put("Content-Length: 18446744073709551616\r\n"), 400},
    {"length_signed", put("Content-Length: +5\r\n"), 400},
    {"length_negative", put("Content-Length: -5\r\n"), 400},
    {"length_with_zero_first", put("Content-Length: 05\r\n"), 400},
    {"length_hexadecimal", put("Content-Length: 0x5\r\n"), 400},
    {"length_list", put("Content-Length: 5, 5\r\n"), 400},
    {"length_and_more", put("Content-Length: 5 \t6\r\n"), 400},
    {"length_empty", put("Content-Length:\r\n"), 400},
    {"length_twice", put("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
    {"length_twice_differing", put("Content-Length: 5\r\ncontent-length: 6\r\n"), 400},
    {"chunked", put("Transfer-Encoding: chunked\r\n"), accepted},
    {"chunked_in_capitals", put("Transfer-Encoding: CHUNKED\r\n"), accepted},
    {"chunked_and_length", put("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
    {"length_and_chunked", put("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"chunked_and_length_zero", put("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"chunked_twice", put("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"chunked_list", put("Transfer-Encoding: chunked, chunked\r\n"), 400},
    {"gzip_chunked", put("Transfer-Encoding: gzip, chunked\r\n"), 400},
    {"chunked_gzip", put("Transfer-Encoding: chunked, gzip\r\n"), 400},
    {"identity", put("Transfer-Encoding: identity\r\n"), 400},
    {"chunked_quoted", put("Transfer-Encoding: \"chunked\"\r\n"), 400},
    {"chunked_with_parameter", put("Transfer-Encoding: chunked;q=1\r\n"), 400},
    {"chunked_with_vertical_tab",
     put("Transfer-Encoding: \x0B"
         "chunked\r\n"),
     400},
    {"coding_empty", put("Transfer-Encoding:\r\n"), 400},
    {"chunked_in_http_1_0", head_of("PUT /a/b HTTP/1.0", "Transfer-Encoding: chunked\r\n"), 400},
    {"length_in_http_1_0", head_of("PUT /a/b HTTP/1.0", "Content-Length: 5\r\n"), accepted},
    {"get_with_length_zero", head_of("GET /a/b HTTP/1.1", "Content-Length: 0\r\n"), accepted},
    {"get_with_body", head_of("GET /a/b HTTP/1.1", "Content-Length: 1\r\n"), 400},
    {"head_with_body", head_of("HEAD /a/b HTTP/1.1", "Content-Length: 1\r\n"), 400},
    {"get_chunked", head_of("GET /a/b HTTP/1.1", "Transfer-Encoding: chunked\r\n"), 400},
    {"delete_with_body", head_of("DELETE /a/b HTTP/1.1", "Content-Length: 1\r\n"), accepted},
};

const HeadCase field_cases[] = {
    {"connection_close", put("Connection: close\r\n"), accepted},
    {"connection_list", put("Connection: keep-alive, TE\r\nTE: trailers\r\n"), accepted},
    {"connection_names_authorization", put("Connection: authorization\r\n"), 400},
    {"connection_names_host", put("Connection: close, Host\r\n"), 400},
    {"connection_names_amz_date", put("Connection: x-amz-date\r\n"), 400},
    {"connection_second_field", put("Connection: close\r\nConnection: range\r\n"), 400},
    {"connection_upgrade", put("Connection: upgrade\r\n"), 400},
    {"upgrade", put("Upgrade: h2c\r\n"), 400},
    {"trailer", put("Trailer: x-amz-checksum-crc32\r\n"), 400},
    {"te", put("TE: trailers\r\n"), accepted},
    {"expect", put("Content-Length: 1\r\nExpect: 100-continue\r\n"), accepted},
    {"expect_in_capitals", put("Content-Length: 1\r\nExpect: 100-CONTINUE\r\n"), accepted},
    {"expect_other", put("Content-Length: 1\r\nExpect: 200-ok\r\n"), 417},
    {"expect_list", put("Content-Length: 1\r\nExpect: 100-continue, x\r\n"), 417},
    {"one_authorization", put("Authorization: a\r\n"), accepted},
    {"two_authorizations", put("Authorization: a\r\nauthorization: a\r\n"), 400},
    {"copy_source", put("x-amz-copy-source: /b/k\r\n"), accepted},
    {"copy_source_by_underscores", put("x_amz_copy_source: /b/k\r\n"), 400},
    {"copy_source_half_underscored", put("x-amz-copy_source: /b/k\r\n"), 400},
    {"copy_source_in_capitals", put("X_AMZ_COPY_SOURCE: /b/k\r\n"), 400},
    {"metadata_with_underscore", put("x-amz-meta-a_b: 1\r\n"), 400},
    {"length_in_lower_case", put("content-length: 1\r\n"), accepted},
    {"length_by_underscore", put("Content_Length: 1\r\n"), 400},
    {"coding_by_underscore", put("Transfer_Encoding: chunked\r\n"), 400},
    {"md5_by_underscore", put("CONTENT_MD5: x\r\n"), 400},
    {"host_is_no_list_of_words", put("h_ost: evil.example\r\n"), accepted},
    {"authorization_in_part", put("Author_ization: x\r\n"), accepted},
    {"content_length_and_more", put("Content_Length_2: 1\r\n"), accepted},
    {"coding_half_underscored", put("transfer_Encoding: chunked\r\n"), 400},
    {"type_by_underscore", put("content_type: text/html\r\n"), 400},
    {"content_encoding_by_underscore", put("Content_Encoding: aws-chunked\r\n"), 400},
    {"condition_by_underscore", put("If_Match: 1\r\n"), 400},
    {"negative_condition_by_underscores", put("if_none_match: *\r\n"), 400},
    {"negative_condition_half_underscored", put("If-None_Match: *\r\n"), 400},
    {"condition_on_time_by_underscores", put("If_Modified_Since: d\r\n"), accepted},
    {"keep_alive_by_underscore", put("keep_alive: 1\r\n"), 400},
    {"method_override_by_underscores", put("X_HTTP_Method_Override: DELETE\r\n"), 400},
    {"method_override_half_underscored", put("X-HTTP_Method-Override: DELETE\r\n"), 400},
    {"method_override_of_another_name", put("X_Method: DELETE\r\n"), accepted},
    {"rewritten_url_by_underscores", put("x_rewrite_url: /\r\n"), 400},
    {"acl_by_underscore_last", put("x-amz_acl: public-read\r\n"), 400},
    {"amz_in_another_word", put("x_amzn_trace: 1\r\n"), accepted},
    {"amz_within", put("my_x-amz-acl: 1\r\n"), accepted},
    {"underscore_first", put("_host: evil.example\r\n"), accepted},
    {"other_underscore", put("my_field: 1\r\n"), accepted},
    {"bare_prefix", put("x_amz: 1\r\n"), accepted},
};

class JudgeHead : public testing::TestWithParam<HeadCase> {};

TEST_P(JudgeHead, refuses_what_two_readers_could_read_differently) {
    const HeadCase& row = GetParam();
    const auto delivery = judge_head(row.raw, test::HeadSplitter(row.raw).request(), hosts);
    if (row.status == accepted) {
        EXPECT_TRUE(delivery) << delivery.error().detail;
    } else {
        ASSERT_FALSE(delivery);
        EXPECT_EQ(delivery.error().status, row.status) << delivery.error().detail;
        EXPECT_EQ(delivery.error().reason, Reason::malformed);
        EXPECT_NE(delivery.error().detail, "");
    }
}

const auto case_name = [](const testing::TestParamInfo<HeadCase>& row) { return row.param.name; };
INSTANTIATE_TEST_SUITE_P(lines, JudgeHead, testing::ValuesIn(line_cases), case_name);
INSTANTIATE_TEST_SUITE_P(targets, JudgeHead, testing::ValuesIn(target_cases), case_name);
INSTANTIATE_TEST_SUITE_P(methods, JudgeHead, testing::ValuesIn(method_cases), case_name);
INSTANTIATE_TEST_SUITE_P(hosts, JudgeHead, testing::ValuesIn(host_cases), case_name);
INSTANTIATE_TEST_SUITE_P(framing, JudgeHead, testing::ValuesIn(framing_cases), case_name);
INSTANTIATE_TEST_SUITE_P(fields, JudgeHead, testing::ValuesIn(field_cases), case_name);

Delivery delivery_of(const std::string& raw) {
    return judge_head(raw, test::HeadSplitter(raw).request(), hosts).value();
}

TEST(Delivery, states_the_framing) {
    EXPECT_EQ(delivery_of(put("")).framing, Framing::none);
    EXPECT_EQ(delivery_of(put("Transfer-Encoding: chunked\r\n")).framing, Framing::chunked);
    const auto sized = delivery_of(put("Content-Length: 536870912\r\n"));
    EXPECT_EQ(sized.framing, Framing::length);
    EXPECT_EQ(sized.content_length, 536870912U);
}

struct KeepAliveCase {
    const char* name;
    const char* version;
    const char* fields;
    bool keep_alive;
};
const KeepAliveCase keep_alive_cases[] = {
    {"http_1_1", "1.1", "", true},
    {"http_1_1_close", "1.1", "Connection: close\r\n", false},
    {"http_1_1_close_in_capitals", "1.1", "connection: Close\r\n", false},
    {"close_outweighs_keep_alive", "1.1", "Connection: close, keep-alive\r\n", false},
    {"http_1_0", "1.0", "", false},
    {"http_1_0_keep_alive", "1.0", "Connection: keep-alive\r\n", true},
};

class KeepAlive : public testing::TestWithParam<KeepAliveCase> {};

TEST_P(KeepAlive, follows_version_and_options) {
    const auto raw = head_of(std::string("GET / HTTP/") + GetParam().version, GetParam().fields);
    EXPECT_EQ(delivery_of(raw).keep_alive, GetParam().keep_alive);
}
INSTANTIATE_TEST_SUITE_P(table, KeepAlive, testing::ValuesIn(keep_alive_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Delivery, continues_only_for_a_body_in_http_1_1) {
    const std::string expect = "Expect: 100-continue\r\n";
    EXPECT_TRUE(delivery_of(put("Content-Length: 1\r\n" + expect)).expects_continue);
    EXPECT_TRUE(delivery_of(put("Transfer-Encoding: chunked\r\n" + expect)).expects_continue);
    EXPECT_FALSE(delivery_of(put("Content-Length: 0\r\n" + expect)).expects_continue);
    EXPECT_FALSE(delivery_of(put(expect)).expects_continue);
    EXPECT_FALSE(
        delivery_of(head_of("PUT /a/b HTTP/1.0", "Content-Length: 1\r\n" + expect)).expects_continue);
}

TEST(Delivery, gives_the_host_as_received) {
    EXPECT_EQ(delivery_of(hosted("Host: S3.example:8443\r\n")).host, "S3.example:8443");
}

TEST(RequestHead, finds_the_first_field_whatever_its_case) {
    const RequestHead head{"GET", "/", 11, {{"A", "1"}, {"x-Amz-Date", "2"}, {"X-AMZ-DATE", "3"}}};
    ASSERT_NE(head.find("X-Amz-Date"), nullptr);
    EXPECT_EQ(head.find("X-Amz-Date")->value, "2");
    EXPECT_EQ(head.find("X-Amz-Dat"), nullptr);
}

TEST(HopByHop, is_a_closed_list) {
    for (const auto* name :
         {"Connection", "content-length", "KEEP-ALIVE", "Proxy-Connection", "te", "Trailer",
          "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Proxy-Authenticate"}) {
        EXPECT_TRUE(is_hop_by_hop(name)) << name;
    }
    for (const auto* name :
         {"Content-Type", "Host", "Expect", "Authorization", "x-amz-te", "Connection-X", ""})
        EXPECT_FALSE(is_hop_by_hop(name)) << name;
}

TEST(EqualsIgnoringCase, folds_ascii_letters_only) {
    EXPECT_TRUE(equals_ignoring_case("Host", "hOsT"));
    EXPECT_FALSE(equals_ignoring_case("Host", "Hos"));
    EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 0x20 apart, as letters of two cases are
    EXPECT_FALSE(equals_ignoring_case("\xC3\x89", "\xC3\xA9"));
}

}  // namespace
}  // namespace sallyport::gateway
