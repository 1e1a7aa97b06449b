#include "s3/credentials.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

TEST(AccessKey, has_a_closed_alphabet) {
    for (const std::string_view text : {"A", "CE-AABBCCDD", "one:test", "a=b+c"}) {
        EXPECT_TRUE(AccessKey::parse(text)) << text;
    }
    EXPECT_TRUE(AccessKey::parse(std::string(128, 'A')));
    for (const std::string_view text : {"", "a/b", "a,b", "a b", "a\n", "\xC3\xA9"}) {
        EXPECT_FALSE(AccessKey::parse(text)) << text;
    }
    EXPECT_FALSE(AccessKey::parse(std::string(129, 'A')));
}

TEST(SecretKey, moves_and_leaves_nothing_behind) {
    static_assert(!std::is_copy_constructible_v<SecretKey> && !std::is_copy_assignable_v<SecretKey>);
    for (const std::string& text : {std::string{"short"}, std::string(200, 's')}) {
        auto first = SecretKey::parse(text);
        ASSERT_TRUE(first);
        SecretKey second = std::move(*first);
        EXPECT_EQ(second.reveal(), text);
        EXPECT_EQ(first->reveal(), "");
        // A short text lives inside the object, so its bytes would stay behind there.
        const std::string_view remains{reinterpret_cast<const char*>(&*first), sizeof(SecretKey)};
        EXPECT_EQ(remains.find(std::string_view{text}.substr(1)), std::string_view::npos);
        auto third = SecretKey::parse("other");
        *third = std::move(second);
        EXPECT_EQ(third->reveal(), text);
        EXPECT_EQ(second.reveal(), "");
    }
    EXPECT_FALSE(SecretKey::parse(""));
    EXPECT_FALSE(SecretKey::parse("tab\t"));
    EXPECT_FALSE(SecretKey::parse(std::string(257, 's')));
}

struct DateCase {
    const char* text;
    long long seconds;  ///< -1: refused
};

const DateCase date_cases[] = {
    {"19700101T000000Z", 0},  {"20130524T000000Z", 1369353600}, {"20200229T235959Z", 1583020799},
    {"20190229T000000Z", -1}, {"20200101T240000Z", -1},         {"20200101T006000Z", -1},
    {"20200101T000060Z", -1}, {"20201301T000000Z", -1},         {"20200100T000000Z", -1},
    {"20200101T000000", -1},  {"20200101t000000z", -1},         {"20200101T000000Z ", -1},
    {"2020-1-1T000000Z", -1}, {"+0200101T000000Z", -1},         {"19691231T235959Z", -1},
};

TEST(AmzDate, reads_what_it_writes_and_nothing_else) {
    for (const auto& [text, seconds] : date_cases) {
        const auto time = parse_amz_date(text);
        ASSERT_EQ(static_cast<bool>(time), seconds >= 0) << text;
        if (!time) continue;
        EXPECT_EQ(time->time_since_epoch().count(), seconds) << text;
        EXPECT_EQ(amz_date(*time), text);
        EXPECT_EQ(scope_at(*time, "r").text(), std::string(text).substr(0, 8) + "/r/s3/aws4_request");
    }
}

}  // namespace
}  // namespace sallyport::s3
