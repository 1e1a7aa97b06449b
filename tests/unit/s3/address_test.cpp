#include "s3/address.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

struct PathCase {
    const char* name;
    std::string path;
    std::optional<ObjectAddress> address;
    Fault fault = Fault::ambiguous;
};

const PathCase path_cases[] = {
    {"service", "/", ObjectAddress{}},
    {"bucket", "/fleet", ObjectAddress{"fleet", ""}},
    {"bucket_with_slash", "/fleet/", ObjectAddress{"fleet", ""}},
    {"key", "/fleet/A1/log.MF4", ObjectAddress{"fleet", "A1/log.MF4"}},
    {"folder_key", "/fleet/A1/", ObjectAddress{"fleet", "A1/"}},
    {"escaped_letter", "/fleet/%41", ObjectAddress{"fleet", "A"}},
    {"utf8", "/fleet/%C3%A9", ObjectAddress{"fleet", "\xC3\xA9"}},
    {"three_dots", "/fleet/.../x", ObjectAddress{"fleet", ".../x"}},
    {"percent_sign", "/fleet/100%25", ObjectAddress{"fleet", "100%"}},
    {"encoded_slash", "/fleet/A1%2Flog", {}},
    {"encoded_slash_lower", "/fleet/A1%2flog", {}},
    {"dot_dot", "/fleet/A1/../B2/x", {}},
    {"dot_dot_with_encoded_parameter", "/fleet/A1/..%3Bx/B2/x", {}},
    {"dots_in_a_name_with_encoded_semicolon", "/fleet/A1/..a%3Bx", ObjectAddress{"fleet", "A1/..a;x"}},
    {"encoded_dot_dot", "/fleet/A1/%2e%2E/B2/x", {}},
    {"half_encoded_dot_dot", "/fleet/A1/.%2e/B2", {}},
    {"dot", "/fleet/./x", {}},
    {"last_dot_dot", "/fleet/A1/..", {}},
    {"empty_segment", "/fleet//x", {}},
    {"empty_segment_inside", "/fleet/A1//x", {}},
    {"encoded_twice", "/fleet/A1%252fB2", {}},
    {"backslash", "/fleet/A1%5cB2", {}},
    {"nul", "/fleet/A1%00", {}},
    {"line_break", "/fleet/A1%0d%0a", {}},
    {"delete", "/fleet/A1%7f", {}},
    {"overlong_slash", "/fleet/A1%c0%afB2", {}},
    {"overlong_slash_of_three", "/fleet/A1%e0%80%afB2", {}},
    {"surrogate", "/fleet/%ed%a0%80", {}},
    {"cut_utf8", "/fleet/%e2%82", {}},
    {"bad_escape", "/fleet/%4", {}, Fault::malformed},
    {"encoded_bucket", "/fl%65et/x", {}, Fault::malformed},
    {"no_bucket", "//x", {}, Fault::malformed},
    {"dot_dot_bucket", "/../x", {}, Fault::malformed},
    {"upper_case_bucket", "/Fleet/x", {}, Fault::malformed},
    {"absolute_form", "http://h/fleet/x", {}, Fault::malformed},
    {"longest_key", "/fleet/" + std::string(1024, 'k'), ObjectAddress{"fleet", std::string(1024, 'k')}},
    {"too_long_key", "/fleet/" + std::string(1025, 'k'), {}, Fault::too_large},
};

class PathStyle : public testing::TestWithParam<PathCase> {};

TEST_P(PathStyle, is_split_or_refused) {
    const auto& row = GetParam();
    const auto address = split_path_style(row.path);
    ASSERT_EQ(static_cast<bool>(address), row.address.has_value());
    if (address) {
        EXPECT_EQ(*address, *row.address);
    } else {
        EXPECT_EQ(address.error().fault, row.fault) << address.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(table, PathStyle, testing::ValuesIn(path_cases),
                         [](const auto& row) { return row.param.name; });

struct ReadingCase {
    const char* name;
    std::string path;
    std::optional<std::string> key;  ///< nothing: who knows what this is
    bool in_doubt = true;
};

const ReadingCase reading_cases[] = {
    {"key", "/fleet/A1/x", "A1/x", false},
    {"bucket", "/fleet/", "", false},
    {"empty_segment", "/fleet/A1//x", "A1//x"},
    {"empty_segment_first", "/fleet//x", "/x"},
    {"empty_segment_last", "/fleet/A1//", "A1//"},
    {"empty_segments", "/fleet///A1///", "//A1///"},
    {"only_an_empty_segment", "/fleet//", {}},
    {"only_empty_segments", "/fleet////", {}},
    {"encoded_twice", "/fleet/50%2520off", "50%20off"},
    {"encoded_twice_utf8", "/fleet/%25C3%25A9", "%C3%A9"},
    {"encoded_three_times", "/fleet/50%252520off", "50%2520off"},
    {"encoded_nine_times", "/fleet/50%2525252525252525252520off", {}},
    {"encoded_twice_and_empty", "/fleet/%2541//x", "%41//x"},
    {"slash_encoded_twice", "/fleet/A1%252fB2", {}},
    {"slash_encoded_three_times", "/fleet/A1%25252fB2", {}},
    {"slash_built_of_two_escapes", "/fleet/A1%25%32fB2", {}},
    {"dot_dot_encoded_twice", "/fleet/%252e%252e/x", {}},
    {"dot_dot_half_encoded_twice", "/fleet/.%252e/x", {}},
    {"dot_dot_encoded_three_times", "/fleet/%25252e%25252e/x", {}},
    {"dot_encoded_twice", "/fleet/%252E", {}},
    {"backslash_encoded_twice", "/fleet/a%255Cb", {}},
    {"nul_encoded_twice", "/fleet/a%2500", {}},
    {"query_encoded_twice", "/fleet/a%253Facl", {}},
    {"fragment_encoded_twice", "/fleet/a%2523", {}},
    {"parameter_encoded_twice", "/fleet/..%253Bx/y", {}},
    {"no_utf8_encoded_twice", "/fleet/a%25ff", {}},
    {"dot_segment_behind_an_empty_one", "/fleet/A1//../../x", {}},
    {"encoded_slash", "/fleet/A1%2Fx", {}},
    {"no_bucket", "//fleet/x", {}},
};

class Reading : public testing::TestWithParam<ReadingCase> {};

TEST_P(Reading, stays_an_object_of_the_bucket) {
    const auto& row = GetParam();
    const auto reading = read_path_style(row.path);
    ASSERT_EQ(static_cast<bool>(reading), row.key.has_value());
    if (!reading) return;
    EXPECT_EQ(reading->address, (ObjectAddress{"fleet", *row.key}));
    EXPECT_EQ(!reading->ambiguity.empty(), row.in_doubt) << reading->ambiguity;
    EXPECT_EQ(split_path_style(row.path).has_value(), !row.in_doubt);
}

INSTANTIATE_TEST_SUITE_P(table, Reading, testing::ValuesIn(reading_cases),
                         [](const auto& row) { return row.param.name; });

struct HostCase {
    const char* name;
    const char* host;
    const char* path;
    std::optional<ObjectAddress> address;
};

const HostCase host_cases[] = {
    {"bucket_in_host", "fleet.s3.test", "/A1/x", ObjectAddress{"fleet", "A1/x"}},
    {"with_port", "fleet.s3.test:9000", "/x", ObjectAddress{"fleet", "x"}},
    {"letter_case", "Fleet.S3.Test", "/x", ObjectAddress{"fleet", "x"}},
    {"dotted_bucket", "a.b.s3.test", "/x", ObjectAddress{"a.b", "x"}},
    {"domain_itself", "s3.test:9000", "/fleet/x", ObjectAddress{"fleet", "x"}},
    {"bucket_only", "fleet.s3.test", "/", ObjectAddress{"fleet", ""}},
    {"other_domain", "fleet.s3.example", "/x", {}},
    {"longer_domain", "fleets3.test", "/x", {}},
    {"no_bucket", ".s3.test", "/x", {}},
    {"bad_bucket", "fl_eet.s3.test", "/x", {}},
    {"bad_port", "fleet.s3.test:9x", "/x", {}},
    {"empty_port", "fleet.s3.test:", "/x", {}},
    {"empty_segment", "fleet.s3.test", "//x", {}},
    {"dot_dot", "fleet.s3.test", "/A1/../x", {}},
};

class VirtualHosted : public testing::TestWithParam<HostCase> {};

TEST_P(VirtualHosted, is_split_or_refused) {
    const auto& row = GetParam();
    const auto address = split_virtual_hosted(row.host, "s3.test", row.path);
    ASSERT_EQ(static_cast<bool>(address), row.address.has_value());
    if (address) {
        EXPECT_EQ(*address, *row.address);
    }
}

INSTANTIATE_TEST_SUITE_P(table, VirtualHosted, testing::ValuesIn(host_cases),
                         [](const auto& row) { return row.param.name; });

TEST(BucketName, follows_the_naming_rules) {
    for (const char* name : {"abc", "my-bucket.1", "0aa", "1.2.3", "1.2.3.a"}) {
        EXPECT_TRUE(is_bucket_name(name)) << name;
    }
    const std::string longest(63, 'a');
    EXPECT_TRUE(is_bucket_name(longest));
    for (const char* name : {"", "ab", "Abc", "a_c", "-ab", "ab-", ".ab", "a..b", "192.168.0.1", "a/b"}) {
        EXPECT_FALSE(is_bucket_name(name)) << name;
    }
    EXPECT_FALSE(is_bucket_name(longest + 'a'));
}

TEST(RequestPath, is_what_the_split_reads) {
    const ObjectAddress address{"fleet", "A1/a b"};
    EXPECT_EQ(request_path(address, RequestStyle::path), "/fleet/A1/a%20b");
    EXPECT_EQ(request_path(address, RequestStyle::virtual_hosted), "/A1/a%20b");
    EXPECT_EQ(*split_path_style(request_path(address, RequestStyle::path)), address);
    EXPECT_EQ(request_path({}, RequestStyle::path), "/");
    EXPECT_EQ(request_path({"fleet", ""}, RequestStyle::path), "/fleet");
}

}  // namespace
}  // namespace sallyport::s3
