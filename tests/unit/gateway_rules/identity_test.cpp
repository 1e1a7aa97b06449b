#include "gateway/rules/identity.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

struct IdentityCase {
    const char* name;
    std::vector<std::string> common_names;
    std::vector<std::string> san_uris;
    const char* id;  ///< nullptr: refused
};

void check(const IdentityRule& rule, const IdentityCase& row) {
    const auto id = Identification(rule).identify({row.common_names, row.san_uris, false});
    ASSERT_EQ(id.has_value(), row.id != nullptr);
    if (id) {
        EXPECT_EQ(*id, row.id);
    } else {
        EXPECT_EQ(id.error().reason, pki::Refusal::bad_identity);
    }
}

const IdentityCase default_cases[] = {
    {"common_name", {"A1B2C3D4"}, {}, "A1B2C3D4"},
    {"uri", {}, {"urn:canedge:device:A1B2C3D4"}, "A1B2C3D4"},
    {"both_agree", {"A1B2C3D4"}, {"urn:canedge:device:A1B2C3D4"}, "A1B2C3D4"},
    {"both_differ", {"A1B2C3D4"}, {"urn:canedge:device:A1B2C3D5"}, nullptr},
    {"neither", {}, {}, nullptr},
    {"two_common_names", {"A1B2C3D4", "A1B2C3D5"}, {}, nullptr},
    {"two_common_names_alike", {"A1B2C3D4", "A1B2C3D4"}, {}, nullptr},
    {"two_uris", {}, {"urn:canedge:device:A1B2C3D4", "urn:canedge:device:A1B2C3D5"}, nullptr},
    {"two_uris_one_foreign", {}, {"https://example/x", "urn:canedge:device:A1B2C3D4"}, "A1B2C3D4"},
    {"only_a_foreign_uri", {}, {"urn:other:A1B2C3D4"}, nullptr},
    {"foreign_uri_leaves_the_common_name", {"A1B2C3D4"}, {"urn:other:FFFFFFFF"}, "A1B2C3D4"},
    {"uri_prefix_in_another_case", {}, {"URN:canedge:device:A1B2C3D4"}, nullptr},
    {"uri_without_id", {}, {"urn:canedge:device:"}, nullptr},
    {"pattern_lower_case", {"a1b2c3d4"}, {}, nullptr},
    {"pattern_one_short", {"A1B2C3D"}, {}, nullptr},
    {"pattern_one_more", {"A1B2C3D4E"}, {}, nullptr},
    {"pattern_within_text", {"x A1B2C3D4 y"}, {}, nullptr},
    {"line_end_behind", {"A1B2C3D4\n"}, {}, nullptr},
    {"space_behind", {"A1B2C3D4 "}, {}, nullptr},
    {"empty_common_name", {""}, {}, nullptr},
    {"empty_common_name_beside_uri", {""}, {"urn:canedge:device:A1B2C3D4"}, nullptr},
};

/// Whatever the pattern allows, an id stays plain.
const IdentityCase any_pattern_cases[] = {
    {"plain", {"Az09-_.:"}, {}, "Az09-_.:"},
    {"slash", {"A1/../A2"}, {}, nullptr},
    {"backslash", {"A1\\A2"}, {}, nullptr},
    {"percent", {"A1%2FA2"}, {}, nullptr},
    {"star", {"*"}, {}, nullptr},
    {"brace", {"{device}"}, {}, nullptr},
    {"space", {"A 1"}, {}, nullptr},
    {"utf8", {"\xC3\x84"}, {}, nullptr},
    {"nul", {std::string("A\0B", 3)}, {}, nullptr},
    {"dot", {"."}, {}, nullptr},
    {"dot_dot", {".."}, {}, nullptr},
    {"three_dots", {"..."}, {}, "..."},
    {"dot_within", {"a.b"}, {}, "a.b"},
    {"longest",
     {std::string(64, 'a')},
     {},
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"too_long", {std::string(65, 'a')}, {}, nullptr},
};

const IdentityCase uri_only_cases[] = {
    {"uri", {}, {"urn:canedge:device:A1B2C3D4"}, "A1B2C3D4"},
    {"uri_outweighs_the_common_name", {"anything"}, {"urn:canedge:device:A1B2C3D4"}, "A1B2C3D4"},
    {"common_name_is_not_enough", {"A1B2C3D4"}, {}, nullptr},
};

const IdentityCase common_name_only_cases[] = {
    {"common_name", {"A1B2C3D4"}, {}, "A1B2C3D4"},
    {"uris_do_not_matter", {"A1B2C3D4"}, {"urn:canedge:device:FFFFFFFF"}, "A1B2C3D4"},
    {"uri_is_not_enough", {}, {"urn:canedge:device:A1B2C3D4"}, nullptr},
};

const auto case_name = [](const testing::TestParamInfo<IdentityCase>& row) { return row.param.name; };

class Identify : public testing::TestWithParam<IdentityCase> {};
class IdentifyByAnyPattern : public testing::TestWithParam<IdentityCase> {};
class IdentifyByUri : public testing::TestWithParam<IdentityCase> {};
class IdentifyByCommonName : public testing::TestWithParam<IdentityCase> {};

TEST_P(Identify, wants_one_undoubted_name) {
    check({}, GetParam());
}
TEST_P(IdentifyByAnyPattern, keeps_ids_plain) {
    check({.pattern = "[^]*"}, GetParam());
}
TEST_P(IdentifyByUri, leaves_common_names_out) {
    check({.common_name = false}, GetParam());
}
TEST_P(IdentifyByCommonName, leaves_uris_out) {
    check({.san_uri_prefix = ""}, GetParam());
}
INSTANTIATE_TEST_SUITE_P(table, Identify, testing::ValuesIn(default_cases), case_name);
INSTANTIATE_TEST_SUITE_P(table, IdentifyByAnyPattern, testing::ValuesIn(any_pattern_cases), case_name);
INSTANTIATE_TEST_SUITE_P(table, IdentifyByUri, testing::ValuesIn(uri_only_cases), case_name);
INSTANTIATE_TEST_SUITE_P(table, IdentifyByCommonName, testing::ValuesIn(common_name_only_cases), case_name);

TEST(Identify, refuses_what_has_no_faithful_text) {
    const auto id = Identification({}).identify({{"A1B2C3D4"}, {}, true});
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().reason, pki::Refusal::bad_identity);
}

TEST(Identify, throws_for_what_is_no_pattern) {
    EXPECT_THROW(Identification({.pattern = "[0-9"}), std::regex_error);
}

}  // namespace
}  // namespace sallyport::gateway
