#include "gateway/rules/pattern.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

struct PatternCase {
    const char* name;
    const char* pattern;
    const char* text;
    bool matches;
};

/// The device is A1.
const PatternCase pattern_cases[] = {
    {"itself", "a/b", "a/b", true},
    {"another", "a/b", "a/c", false},
    {"shorter", "a/b", "a/", false},
    {"longer", "a/b", "a/bc", false},
    {"nothing", "", "", true},
    {"something", "", "a", false},
    {"star", "*", "a/b", true},
    {"star_for_nothing", "*", "", true},
    {"star_at_the_end", "a/*", "a/", true},
    {"star_at_the_end_without_slash", "a/*", "a", false},
    {"star_in_front", "*.json", "a/b.json", true},
    {"star_in_front_of_another", "*.json", "a/b.jso", false},
    {"star_tries_again", "*ab", "aab", true},
    {"star_tries_in_vain", "*ab", "aba", false},
    {"two_stars", "a*b*c", "axbxbc", true},
    {"two_stars_other_order", "a*c*b", "axbxc", false},
    {"stars_in_a_row", "a**c", "abc", true},
    {"device", "{device}/*", "A1/x", true},
    {"another_device", "{device}/*", "A2/x", false},
    {"longer_device", "{device}/*", "A11/x", false},
    {"device_behind_star", "*/{device}/x", "A2/A1/x", true},
    {"device_behind_star_but_another", "*/{device}/x", "A1/A2/x", false},
    {"device_twice", "{device}/{device}", "A1/A1", true},
    {"device_once", "{device}/{device}", "A1/A2", false},
    {"digits", "{digits:2}", "07", true},
    {"digits_too_few", "{digits:2}", "0", false},
    {"digits_too_many", "{digits:2}", "071", false},
    {"digits_with_letter", "{digits:2}", "0A", false},
    {"digits_with_sign", "{digits:2}", "-7", false},
    {"digits_that_are_not_ascii", "{digits:3}",
     "\xD9\xA1"
     "1",
     false},
    {"digits_and_more", "{digits:1}x", "7x", true},
    {"digits_ten", "{digits:10}", "0123456789", true},
    {"digits_nine", "{digits:10}", "012345678", false},
    {"hex", "{hex:4}", "09AF", true},
    {"hex_in_lower_case", "{hex:4}", "09af", false},
    {"hex_beyond", "{hex:4}", "09AG", false},
    {"hex_slash", "{hex:4}", "09A/", false},
    {"digits_behind_star", "*{digits:2}.x", "1/234.x", true},
    {"digits_behind_star_too_few", "*{digits:2}.x", "1/2a4.x", false},
    {"question_mark_is_itself", "a?", "a?", true},
    {"question_mark_is_no_wildcard", "a?", "ab", false},
    {"number_sign_is_itself", "a#", "a#", true},
    {"number_sign_is_no_wildcard", "a#", "a1", false},
    {"star_in_the_text", "a", "*", false},
};

class Pattern : public testing::TestWithParam<PatternCase> {};

TEST_P(Pattern, matches_the_whole_text) {
    ASSERT_EQ(fault_of_pattern(GetParam().pattern), std::nullopt);
    EXPECT_EQ(matches(GetParam().pattern, "A1", GetParam().text), GetParam().matches);
}
INSTANTIATE_TEST_SUITE_P(table, Pattern, testing::ValuesIn(pattern_cases),
                         [](const auto& row) { return row.param.name; });

struct PatternFaultCase {
    const char* name;
    const char* pattern;
    bool sound;
};
const PatternFaultCase pattern_fault_cases[] = {
    {"one_digit", "{digits:1}", true},
    {"no_digit", "{digits:0}", false},
    {"most_digits", "{digits:64}", true},
    {"more_digits", "{digits:65}", false},
    {"leading_zero", "{digits:08}", false},
    {"no_number", "{digits:}", false},
    {"negative", "{digits:-1}", false},
    {"not_closed", "{digits:1", false},
    {"closed_at_once", "{digits}", false},
    {"number_and_more", "{digits:1x}", false},
    {"space", "{digits: 1}", false},
    {"huge", "{digits:99999999999999999999}", false},
    {"hex", "{hex:8}", true},
    {"hex_in_capitals", "{HEX:8}", false},
    {"device", "{device}", true},
    {"device_with_number", "{device:8}", false},
    {"closing_brace_alone", "a}", true},
    {"opening_brace_alone", "a{", false},
    {"bucket_in_a_key", "{bucket}", false},
    {"ends_in_variable_name", "{digits:", false},
};

class PatternFault : public testing::TestWithParam<PatternFaultCase> {};

TEST_P(PatternFault, is_a_brace_that_begins_no_variable) {
    EXPECT_EQ(!fault_of_pattern(GetParam().pattern), GetParam().sound);
}
INSTANTIATE_TEST_SUITE_P(table, PatternFault, testing::ValuesIn(pattern_fault_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Pattern, is_never_the_device_of_nobody) {
    EXPECT_FALSE(matches("{device}/*", "", "/x"));
    EXPECT_FALSE(matches("{device}", "", ""));
}

TEST(Pattern, takes_no_star_from_an_id) {
    EXPECT_FALSE(matches("{device}/*", "*", "A1/x"));
    EXPECT_FALSE(matches("{device}/*", "{hex:2}", "A1/x"));
}

TEST(Pattern, costs_no_more_than_pattern_times_text) {
    const std::string text(1024, 'a');
    std::string pattern;
    for (int i = 0; i < 200; ++i)
        pattern += "*a";
    EXPECT_FALSE(matches(pattern + "b", "A1", text));
}

}  // namespace
}  // namespace sallyport::gateway
