#include "firmware-client/store_client.h"

#include "tests/unit/firmware_client/scripted_stream.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

constexpr std::chrono::sys_seconds at_2020 = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};
const std::string md5_of_hello = "5d41402abc4b2a76b9719d911017c592";

ServerSettings settings(bool signed_payload = false) {
    return {true,
            "gw.example.test",
            9443,
            "fleet",
            "us-east-1",
            s3::RequestStyle::path,
            s3::AccessKey::parse("PRDDKN8R6PAAOGTEI53E").value(),
            std::move(s3::SecretKey::parse("IAkwE9vvEh9ke4RH").value()),
            signed_payload};
}

WallClock clock_2020() {
    return [] { return at_2020; };
}

struct PutCase {
    const char* name;
    std::string answer;
    bool stored;
    Fault fault = Fault::store;
};

const PutCase put_cases[] = {
    {"no_etag", answer_with("200 OK"), false},  // a sign-in page of a wireless network says 200 to everything
    {"empty_etag", answer_with("200 OK", "ETag: \"\"\r\n"), false},
    {"two_etags", answer_with("200 OK", "ETag: \"a-1\"\r\nETag: \"b-1\"\r\n"), false},
    {"etag_that_is_no_text", answer_with("200 OK", "ETag: \"a\xFF-1\"\r\n"), false},
    {"right_md5", answer_with("200 OK", "ETag: \"" + md5_of_hello + "\"\r\n"), true},
    {"right_md5_without_quotes", answer_with("200 OK", "ETag: " + md5_of_hello + "\r\n"), true},
    {"right_md5_in_upper_case", answer_with("200 OK", "ETag: \"5D41402ABC4B2A76B9719D911017C592\"\r\n"),
     true},
    {"wrong_md5", answer_with("200 OK", "ETag: \"6d41402abc4b2a76b9719d911017c592\"\r\n"), false},
    {"multipart_etag", answer_with("200 OK", "ETag: \"6d41402abc4b2a76b9719d911017c592-1\"\r\n"), true},
    {"kms_etag",
     answer_with("200 OK",
                 "ETag: \"6d41402abc4b2a76b9719d911017c592\"\r\nx-amz-server-side-encryption: aws:kms\r\n"),
     true},
    {"sse_s3_etag_is_md5",
     answer_with("200 OK",
                 "ETag: \"6d41402abc4b2a76b9719d911017c592\"\r\nx-amz-server-side-encryption: AES256\r\n"),
     false},
    {"created_is_not_ok", answer_with("201 Created"), false},
    {"no_content", "HTTP/1.1 204 No Content\r\n\r\n", false},
    {"redirect", answer_with("307 Temporary Redirect", "Location: http://other/\r\n"), false},
    {"forbidden", error_with("403 Forbidden", "AccessDenied"), false, Fault::refused},
    {"no_bucket", error_with("404 Not Found", "NoSuchBucket"), false, Fault::refused},
    {"request_timeout", error_with("408 Request Timeout", "RequestTimeout"), false},
    {"slow_down", error_with("429 Too Many Requests", "SlowDown"), false},
    {"server_error", error_with("500 Internal Server Error", "InternalError"), false},
    {"unavailable", answer_with("503 Service Unavailable", "Retry-After: 120\r\n"), false},
    {"cut_answer", "HTTP/1.1 200 OK\r\nContent-Le", false, Fault::network},
    {"no_answer", "", false, Fault::network},
    {"nonsense", "220 smtp ready\r\n", false},
};

class PutAnswer : public testing::TestWithParam<PutCase> {};

TEST_P(PutAnswer, counts_only_as_stored_when_it_says_so) {
    const auto& row = GetParam();
    ScriptedConnector connector({Script{{row.answer}}});
    const ServerSettings server = settings();
    StoreClient store(server, connector, clock_2020());
    TextBody body{"hello"};
    const auto receipt = store.put("AABBCCDD/x", body, {});
    ASSERT_EQ(static_cast<bool>(receipt), row.stored);
    if (receipt) {
        EXPECT_EQ(receipt->bytes, 5U);
        EXPECT_EQ(receipt->md5, md5_of_hello);
    } else {
        EXPECT_EQ(receipt.error().fault, row.fault) << receipt.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(table, PutAnswer, testing::ValuesIn(put_cases),
                         [](const auto& row) { return row.param.name; });

TEST(StoreClient, signs_as_the_vector_says) {
    ScriptedConnector connector({Script{{stored_answer()}}});
    const ServerSettings server = settings();
    StoreClient store(server, connector, clock_2020());
    TextBody body{"hello"};
    const Metadata metadata{{"hw", "00.03/00.00"},
                            {"fw", "01.09.01"},
                            {"timestamp", "20191231T235500Z"},
                            {"put-index", "17"},
                            {"ssid", "depot-ap"}};
    ASSERT_TRUE(store.put("AABBCCDD/00000004/00000189-5E0BE100.MF4", body, metadata));
    const std::string& sent = connector.written.front();
    EXPECT_TRUE(sent.starts_with("PUT /fleet/AABBCCDD/00000004/00000189-5E0BE100.MF4 HTTP/1.1\r\n")) << sent;
    EXPECT_NE(sent.find("Signature=902c3db4f6b864914646d89f3e0eeb27e36bfba1a2dd49bedffc385bcaed9ec5\r\n"),
              std::string::npos)
        << sent;
    EXPECT_NE(sent.find("Content-Length: 5\r\n"), std::string::npos);
    EXPECT_TRUE(sent.ends_with("\r\n\r\nhello"));
    EXPECT_EQ(sent.find("IAkwE9vvEh9ke4RH"), std::string::npos) << "the secret key went out";
}

TEST(StoreClient, signs_the_payload_when_told_to) {
    ScriptedConnector connector({Script{{stored_answer()}}});
    const ServerSettings server = settings(true);
    StoreClient store(server, connector, clock_2020());
    TextBody body{"{}"};
    ASSERT_TRUE(store.put("AABBCCDD/device.json", body, {}));
    EXPECT_NE(connector.written.front().find(
                  "Signature=5759cee3e21cdd399fda2d916d045e75173b1ad22f56e5293d5f73d884a6ca01\r\n"),
              std::string::npos);
}

TEST(StoreClient, keeps_the_connection_and_replaces_a_stale_one) {
    ScriptedConnector connector({Script{{answer_with("404 Not Found"), ""}}, Script{{stored_answer()}}});
    const ServerSettings server = settings();
    StoreClient store(server, connector, clock_2020());
    const auto there = store.head("AABBCCDD/config-01.09.json");
    ASSERT_TRUE(there);
    EXPECT_FALSE(*there);
    TextBody body{"hello"};
    const auto receipt = store.put("AABBCCDD/x", body, {});
    ASSERT_TRUE(receipt) << receipt.error().message;
    EXPECT_EQ(receipt->md5, md5_of_hello);
    ASSERT_EQ(connector.written.size(), 2U);
    EXPECT_NE(connector.written[0].find("PUT "), std::string::npos) << "the old connection was tried";
    EXPECT_TRUE(connector.written[1].ends_with("hello"));
}

TEST(StoreClient, does_not_repeat_on_a_fresh_connection) {
    ScriptedConnector connector({Script{{""}}, Script{{stored_answer()}}});
    const ServerSettings server = settings();
    StoreClient store(server, connector, clock_2020());
    TextBody body{"hello"};
    EXPECT_FALSE(store.put("AABBCCDD/x", body, {}));
    EXPECT_EQ(connector.written.size(), 1U);
}

TEST(StoreClient, hears_a_refusal_in_the_middle_of_a_body) {
    for (const bool breaks : {false, true}) {
        Script script{{error_with("403 Forbidden", "AccessDenied")}};
        (breaks ? script.break_after : script.early_after) = 2000;
        ScriptedConnector connector({script});
        const ServerSettings server = settings();
        StoreClient store(server, connector, clock_2020());
        struct Blocks final : Body {
            std::string block = std::string(1000, 'b');
            int left = 50;
            std::uint64_t size() const override { return 50'000; }
            Result<std::span<const std::byte>> next() override {
                if (left-- <= 0) return std::span<const std::byte>{};
                return std::as_bytes(std::span{block});
            }
            Result<void> rewind() override { return {}; }
        } body;
        const auto receipt = store.put("AABBCCDD/x", body, {});
        ASSERT_FALSE(receipt);
        EXPECT_EQ(receipt.error().fault, Fault::refused) << receipt.error().message;
        EXPECT_EQ(receipt.error().message, "PUT AABBCCDD/x: 403 AccessDenied (why)");
        EXPECT_GT(body.left, 40) << "the body went on after the answer";
    }
}

TEST(StoreClient, does_not_believe_a_yes_before_the_end_of_the_body) {
    Script script{{stored_answer()}};
    script.early_after = 1;
    ScriptedConnector connector({script});
    const ServerSettings server = settings();
    StoreClient store(server, connector, clock_2020());
    TextBody body{"hello"};
    EXPECT_FALSE(store.put("AABBCCDD/x", body, {}));
}

/// Takes what it is given and answers a byte at a time, or never; keeps the deadlines that it was given.
class SlowStream final : public ByteStream {
  public:
    SlowStream(std::string answer, std::vector<Deadline>& reads, std::vector<Deadline>& writes)
        : answer_(std::move(answer)), reads_(reads), writes_(writes) {}
    Result<std::size_t> read_some(std::span<std::byte> into, Deadline deadline) override {
        reads_.push_back(deadline);
        if (next_ == answer_.size()) return Error{Fault::network, "the server did not answer in time"};
        into[0] = static_cast<std::byte>(answer_[next_++]);
        return std::size_t{1};
    }
    Result<std::optional<std::size_t>> try_read(std::span<std::byte>) override {
        return std::optional<std::size_t>{};
    }
    Result<void> write_all(std::span<const std::byte>, Deadline deadline) override {
        writes_.push_back(deadline);
        return {};
    }

  private:
    std::string answer_;
    std::size_t next_ = 0;
    std::vector<Deadline>& reads_;
    std::vector<Deadline>& writes_;
};

/// However slowly a server answers, each wait ends, and so do all of them together.
TEST(StoreClient, gives_up_a_server_that_stalls) {
    const ExchangeLimits limits{std::chrono::seconds{3}, std::chrono::seconds{7}};
    for (const std::string& answer : {std::string{}, std::string{"HTTP/1.1 200 OK\r\nX-Slow: yes, ver"}}) {
        std::vector<Deadline> reads, writes;
        struct SlowConnector final : Connector {
            std::function<std::unique_ptr<ByteStream>()> make;
            Result<std::unique_ptr<ByteStream>> connect() override { return make(); }
        } connector;
        connector.make = [&] { return std::make_unique<SlowStream>(answer, reads, writes); };
        const ServerSettings server = settings();
        StoreClient store(server, connector, clock_2020(), limits);
        TextBody body{"hello"};
        const auto start = std::chrono::steady_clock::now();
        const auto receipt = store.put("AABBCCDD/x", body, {});
        const auto end = std::chrono::steady_clock::now();
        ASSERT_FALSE(receipt);
        EXPECT_EQ(receipt.error().kind(), Trouble::network) << "is tried again soon";
        ASSERT_EQ(reads.size(), answer.size() + 1);
        for (const Deadline deadline : reads) {
            EXPECT_GE(deadline, start + limits.answer);
            EXPECT_LE(deadline, end + limits.answer);
        }
        EXPECT_EQ(reads.front(), reads.back()) << "bytes that trickle in win no time";
        for (const Deadline deadline : writes)
            EXPECT_LE(deadline, end + limits.stall);
    }
}

struct RetryCase {
    const char* value;
    long seconds;  ///< -1: nothing
};

const RetryCase retry_cases[] = {
    {"120", 120},
    {"0", 0},
    {"999999", 86400},
    {"Wed, 01 Jan 2020 00:00:30 GMT", 30},
    {"Tue, 31 Dec 2019 23:59:30 GMT", 0},
    {"-1", -1},
    {"1.5", -1},
    {"", -1},
    {"soon", -1},
    {"Wed, 01 Jan 2020 00:00:30 CET", -1},
};

TEST(HttpDate, does_not_end_in_2038) {
    const auto date = parse_http_date("Sat, 01 Jan 2050 00:00:00 GMT");
    ASSERT_TRUE(date);
    EXPECT_EQ(*date, std::chrono::sys_days{std::chrono::year{2050} / 1 / 1});
}

TEST(RetryAfter, is_seconds_or_a_date) {
    for (const auto& [value, seconds] : retry_cases) {
        const auto wait = parse_retry_after(value, at_2020);
        EXPECT_EQ(wait ? wait->count() : -1, seconds) << value;
    }
}

TEST(StoreClient, passes_retry_after_on) {
    ScriptedConnector connector({Script{{answer_with("503 Service Unavailable", "Retry-After: 120\r\n")}}});
    const ServerSettings server = settings();
    StoreClient store(server, connector, clock_2020());
    const auto there = store.head("AABBCCDD/x");
    ASSERT_FALSE(there);
    EXPECT_EQ(there.error().retry_after, std::chrono::seconds{120});
}

}  // namespace
}  // namespace sallyport::device
