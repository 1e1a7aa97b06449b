#include "firmware-client/trouble.h"

#include "firmware-client/device_status.h"

#include <set>
#include <string>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;

TEST(Trouble, has_a_word_of_its_own_each) {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < trouble_count; ++i) {
        const auto trouble = static_cast<Trouble>(i);
        EXPECT_TRUE(words.insert(traits_of(trouble).word).second) << traits_of(trouble).word;
        EXPECT_EQ(trouble_named(traits_of(trouble).word), trouble);
        EXPECT_LE(traits_of(trouble).first, traits_of(trouble).longest);
    }
    EXPECT_EQ(trouble_named("no such word"), Trouble::none);
}

struct AlertCase {
    const char* name;
    int alert;
    bool has_certificate;
    Trouble trouble;
};

/// Section 11.2 of the reference names the first four.
const AlertCase alert_cases[] = {
    {"11_2_handshake_failure", 40, true, Trouble::no_common_cipher},
    {"11_2_certificate_revoked", 44, true, Trouble::certificate_revoked},
    {"11_2_certificate_expired", 45, true, Trouble::certificate_expired},
    {"11_2_unknown_ca", 48, true, Trouble::unknown_ca},
    {"bad_certificate", 42, true, Trouble::certificate_refused},
    {"bad_certificate_without_one", 42, false, Trouble::certificate_missing},
    {"certificate_required", 116, false, Trouble::certificate_missing},
    {"protocol_version", 70, true, Trouble::no_common_cipher},
    {"internal_error", 80, true, Trouble::none},
    {"user_canceled", 90, true, Trouble::none},
};

class Alert : public testing::TestWithParam<AlertCase> {};

TEST_P(Alert, is_understood) {
    EXPECT_EQ(trouble_of_alert(GetParam().alert, GetParam().has_certificate), GetParam().trouble);
}

INSTANTIATE_TEST_SUITE_P(table, Alert, testing::ValuesIn(alert_cases),
                         [](const auto& row) { return row.param.name; });

struct AnswerCase {
    const char* name;
    unsigned status;
    const char* code;
    const char* message;
    Trouble trouble;
};

const AnswerCase answer_cases[] = {
    {"policy", 403, "AccessDenied", "Access Denied", Trouble::policy},
    {"forbidden_head", 403, "", "", Trouble::policy},
    {"9_clock_skew", 403, "RequestTimeTooSkewed", "", Trouble::clock_wrong},
    {"9_clock_behind", 403, "AccessDenied", "Request has expired", Trouble::clock_wrong},
    {"9_clock_ahead", 403, "AccessDenied", "Request is not yet valid", Trouble::clock_wrong},
    {"unknown_key", 403, "InvalidAccessKeyId", "", Trouble::access_key},
    {"wrong_secret", 403, "SignatureDoesNotMatch", "", Trouble::access_key},
    {"wrong_region", 400, "AuthorizationHeaderMalformed", "", Trouble::region},
    {"redirect", 301, "PermanentRedirect", "", Trouble::region},
    {"redirect_without_body", 307, "", "", Trouble::region},
    {"4_no_bucket", 404, "NoSuchBucket", "", Trouble::no_bucket},
    {"no_key", 404, "NoSuchKey", "", Trouble::policy},
    {"slow_down", 503, "SlowDown", "", Trouble::rate_limit},
    {"too_many", 429, "", "", Trouble::rate_limit},
    {"6_1_408", 408, "", "", Trouble::store_down},
    {"6_1_500", 500, "InternalError", "", Trouble::store_down},
    {"6_1_503", 503, "ServiceUnavailable", "", Trouble::store_down},
    {"created", 201, "", "", Trouble::answer_malformed},
};

class ErrorAnswer : public testing::TestWithParam<AnswerCase> {};

TEST_P(ErrorAnswer, is_understood) {
    const auto& row = GetParam();
    EXPECT_EQ(trouble_of_answer(row.status, row.code, row.message), row.trouble);
}

INSTANTIATE_TEST_SUITE_P(table, ErrorAnswer, testing::ValuesIn(answer_cases),
                         [](const auto& row) { return row.param.name; });

Error of(Trouble trouble, std::string message = "why") {
    Error error{Fault::refused, std::move(message)};
    error.trouble = trouble;
    return error;
}

struct Status : testing::Test {
    DeviceStatus status;
    StatusKeeper keeper{status};
    std::chrono::sys_seconds now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
};

TEST_F(Status, shows_trouble_until_a_success) {
    const auto first = keeper.failed(Task::heartbeat, of(Trouble::certificate_revoked), 3600s, now);
    EXPECT_TRUE(first.state && first.line);
    EXPECT_EQ(status.state, Trouble::certificate_revoked);
    EXPECT_EQ(status.next_attempt, now + 3600s);
    const auto same = keeper.failed(Task::log_upload, of(Trouble::certificate_revoked), 3600s, now + 10s);
    EXPECT_FALSE(same.state || same.line) << "another task, the same event";
    const auto later = keeper.failed(Task::heartbeat, of(Trouble::certificate_revoked), 3600s, now + 2h);
    EXPECT_TRUE(later.line) << "once an hour";
    EXPECT_FALSE(later.state);
    EXPECT_EQ(status.since, now);
    const auto over = keeper.succeeded(Task::heartbeat, now + 3h);
    EXPECT_TRUE(over.state && over.line);
    EXPECT_EQ(status.state, Trouble::none);
    EXPECT_EQ(status.last_success, now + 3h);
    EXPECT_EQ(status.last_trouble, Trouble::certificate_revoked) << "is remembered";
    EXPECT_FALSE(keeper.succeeded(Task::heartbeat, now + 4h).line);
}

TEST_F(Status, says_the_same_anew_after_the_clock_was_set_back) {
    keeper.failed(Task::heartbeat, of(Trouble::store_down), 5s, now + 24h * 365);
    EXPECT_TRUE(keeper.failed(Task::heartbeat, of(Trouble::store_down), 5s, now).line);
    EXPECT_FALSE(keeper.failed(Task::heartbeat, of(Trouble::store_down), 5s, now).line);
}

TEST_F(Status, forbidden_request_stays_until_that_task_succeeds) {
    keeper.failed(Task::config_check, of(Trouble::policy), 300s, now);
    keeper.succeeded(Task::log_upload, now);
    EXPECT_EQ(status.state, Trouble::policy);
    keeper.failed(Task::log_upload, of(Trouble::store_down), 5s, now);
    EXPECT_EQ(status.state, Trouble::store_down) << "what concerns the whole device comes first";
    keeper.succeeded(Task::heartbeat, now);
    EXPECT_EQ(status.state, Trouble::policy);
    keeper.succeeded(Task::config_check, now);
    EXPECT_EQ(status.state, Trouble::none);
}

TEST_F(Status, survives_the_power) {
    keeper.succeeded(Task::heartbeat, now);
    keeper.failed(Task::heartbeat, of(Trouble::unknown_ca, "an\x1b[31m answer"), 300s, now + 5s);
    const DeviceStatus again = read_status(status_object(status));
    EXPECT_EQ(again.state, Trouble::unknown_ca);
    EXPECT_EQ(again.message, "an?[31m answer") << "nothing that a terminal would obey";
    EXPECT_EQ(again.since, status.since);
    EXPECT_EQ(again.next_attempt, now + 305s);
    EXPECT_EQ(again.last_success, now);
    EXPECT_EQ(again.last_trouble_time, now + 5s);
}

TEST(StatusObject, of_strangers_is_harmless) {
    for (const char* text : {"{}", R"({"state": 1, "since": "yesterday", "last_trouble": []})",
                             R"({"state": "nonsense", "message": {}, "since": "2026-01-01T00:00:00Zx"})"}) {
        const DeviceStatus status = read_status(boost::json::parse(text).as_object());
        EXPECT_EQ(status.state, Trouble::none) << text;
        EXPECT_FALSE(status.since) << text;
    }
}

}  // namespace
}  // namespace sallyport::device
