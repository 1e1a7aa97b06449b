#include "s3/uri.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

struct TextCase {
    const char* name;
    std::string in;
    const char* out;  ///< nullptr: refused
};

const TextCase decode_cases[] = {
    {"plain", "log.mf4", "log.mf4"},    {"upper_hex", "%2F", "/"},
    {"lower_hex", "%2f", "/"},          {"plus_is_plus", "a+b", "a+b"},
    {"once_only", "%2541", "%41"},      {"cut_escape", "%4", nullptr},
    {"lone_percent", "%", nullptr},     {"no_hex", "%4G", nullptr},
    {"signed_hex", "%+1", nullptr},     {"raw_space", "a b", nullptr},
    {"raw_8_bit", "\xC3\xA9", nullptr}, {"raw_nul", std::string("a\0b", 3), nullptr},
};

const TextCase query_cases[] = {
    {"empty", "", ""},
    {"flag", "lifecycle", "lifecycle="},
    {"sorted_by_name", "prefix=J&max-keys=2", "max-keys=2&prefix=J"},
    {"sorted_by_value", "a=2&a=1", "a=1&a=2"},
    {"sorted_by_encoded_bytes", "a-=1&a%C3%A9=2", "a%C3%A9=2&a-=1"},
    {"name_before_its_extension", "ab=1&a=2", "a=2&ab=1"},
    {"re_encoded", "delimiter=/&x=%7e", "delimiter=%2F&x=~"},
    {"equals_in_value", "a=b=c", "a=b%3Dc"},
    {"encoded_plus", "a=b%2Bc", "a=b%2Bc"},
    {"raw_plus", "a=b+c", nullptr},
    {"empty_parameter", "a=1&&b=2", nullptr},
    {"trailing_ampersand", "a=1&", nullptr},
    {"no_name", "=1", nullptr},
    {"bad_escape", "a=%zz", nullptr},
};

const TextCase path_cases[] = {
    {"root", "/", "/"},
    {"reserved", "/test$file.text", "/test%24file.text"},
    {"encoded_once", "/a%20b", "/a%20b"},
    {"lower_hex", "/a%e1%88%b4", "/a%E1%88%B4"},
    {"needless_escape", "/%61", "/a"},
    {"nothing_normalised", "/a//b/../c/", "/a//b/../c/"},
    {"encoded_slash_stays", "/a%2fb", "/a%2Fb"},
    {"no_slash", "a", nullptr},
    {"empty", "", nullptr},
    {"bad_escape", "/%g0", nullptr},
};

using Function = Result<std::string> (*)(std::string_view);

void check(const TextCase& row, Function function) {
    const auto out = function(row.in);
    ASSERT_EQ(static_cast<bool>(out), row.out != nullptr);
    if (out) {
        EXPECT_EQ(*out, row.out);
    }
}

class PercentDecode : public testing::TestWithParam<TextCase> {};
class CanonicalQuery : public testing::TestWithParam<TextCase> {};
class CanonicalUri : public testing::TestWithParam<TextCase> {};

TEST_P(PercentDecode, is_strict) {
    check(GetParam(), &percent_decode);
}
TEST_P(CanonicalQuery, is_exact) {
    check(GetParam(), &canonical_query);
}
TEST_P(CanonicalUri, is_exact) {
    check(GetParam(), &canonical_uri);
}

const auto case_name = [](const testing::TestParamInfo<TextCase>& row) { return row.param.name; };
INSTANTIATE_TEST_SUITE_P(table, PercentDecode, testing::ValuesIn(decode_cases), case_name);
INSTANTIATE_TEST_SUITE_P(table, CanonicalQuery, testing::ValuesIn(query_cases), case_name);
INSTANTIATE_TEST_SUITE_P(table, CanonicalUri, testing::ValuesIn(path_cases), case_name);

TEST(UriEncode, keeps_or_encodes_the_slash) {
    EXPECT_EQ(uri_encode("a/b c~", Slash::keep), "a/b%20c~");
    EXPECT_EQ(uri_encode("a/b c~", Slash::encode), "a%2Fb%20c~");
}

TEST(ParseQuery, has_a_limit) {
    std::string query = "a";
    for (int i = 1; i < 1000; ++i)
        query += "&a";
    EXPECT_TRUE(parse_query(query));
    const auto over = parse_query(query + "&a");
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().fault, Fault::too_large);
}

}  // namespace
}  // namespace sallyport::s3
