#include "gateway/rules/bucket_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

struct MappingCase {
    const char* name;
    std::string from;
    std::string to;
    std::optional<BucketMapping> mapping;
};

const MappingCase mapping_cases[] = {
    {"bucket", "logs", "acme-logs", BucketMapping{"logs", "acme-logs", ""}},
    {"prefix", "logs", "acme/eu/", BucketMapping{"logs", "acme", "eu/"}},
    {"deep_prefix", "logs", "acme/eu/A_1/x.y-z/", BucketMapping{"logs", "acme", "eu/A_1/x.y-z/"}},
    {"same_name", "logs", "logs", BucketMapping{"logs", "logs", ""}},
    {"slash_behind_a_bucket", "logs", "acme/", BucketMapping{"logs", "acme", ""}},
    {"dots_within_a_segment", "logs", "acme/..a/b../.c/", BucketMapping{"logs", "acme", "..a/b../.c/"}},
    {"longest_prefix", "logs", "acme/" + std::string(511, 'x') + "/",
     BucketMapping{"logs", "acme", std::string(511, 'x') + "/"}},
    {"longer_prefix", "logs", "acme/" + std::string(512, 'x') + "/", {}},
    {"prefix_without_its_slash", "logs", "acme/eu", {}},
    {"second_segment_without_its_slash", "logs", "acme/eu/a", {}},
    {"empty_segment", "logs", "acme/eu//", {}},
    {"empty_first_segment", "logs", "acme//", {}},
    {"slash_in_front", "logs", "/acme/eu/", {}},
    {"dot", "logs", "acme/./", {}},
    {"two_dots", "logs", "acme/../", {}},
    {"two_dots_behind", "logs", "acme/eu/../", {}},
    {"percent", "logs", "acme/e%75/", {}},
    {"blank", "logs", "acme/e u/", {}},
    {"plus", "logs", "acme/e+u/", {}},
    {"ampersand", "logs", "acme/e&u/", {}},
    {"backslash", "logs", "acme/e\\u/", {}},
    {"line_end", "logs", "acme/e\r\nu/", {}},
    {"zero_byte", "logs", std::string("acme/e\0u/", 9), {}},
    {"utf8", "logs", "acme/\xC3\xA9/", {}},
    {"no_bucket", "logs", "", {}},
    {"only_a_prefix", "logs", "/", {}},
    {"no_bucket_name", "logs", "Acme/eu/", {}},
    {"address_for_a_bucket", "logs", "10.0.0.1", {}},
    {"no_from", "", "acme", {}},
    {"from_is_no_bucket_name", "Logs", "acme", {}},
    {"from_with_a_prefix", "logs/eu", "acme", {}},
};

class ParseMapping : public testing::TestWithParam<MappingCase> {};

TEST_P(ParseMapping, takes_plain_ones_only) {
    EXPECT_EQ(parse_mapping(GetParam().from, GetParam().to), GetParam().mapping);
}
INSTANTIATE_TEST_SUITE_P(table, ParseMapping, testing::ValuesIn(mapping_cases),
                         [](const auto& row) { return row.param.name; });

struct OverlapCase {
    const char* name;
    std::vector<BucketMapping> mappings;
    const char* fault;  ///< null: none
};

const OverlapCase overlap_cases[] = {
    {"none", {}, nullptr},
    {"one", {{"a-1", "s-1", ""}}, nullptr},
    {"two_buckets", {{"a-1", "s-1", ""}, {"a-2", "s-2", ""}}, nullptr},
    {"two_prefixes", {{"a-1", "s-1", "x/"}, {"a-2", "s-1", "y/"}}, nullptr},
    {"prefixes_that_begin_alike", {{"a-1", "s-1", "x/"}, {"a-2", "s-1", "xy/"}}, nullptr},
    {"same_prefix_in_two_buckets", {{"a-1", "s-1", "x/"}, {"a-2", "s-2", "x/"}}, nullptr},
    {"swapped_names", {{"a-1", "a-2", ""}, {"a-2", "a-1", ""}}, nullptr},
    {"same_place",
     {{"a-1", "s-1", "x/"}, {"a-2", "s-1", "x/"}},
     "'a-2' and 'a-1' would have objects in common"},
    {"all_of_a_bucket_twice", {{"a-1", "s-1", ""}, {"a-2", "s-1", ""}}, "objects in common"},
    {"bucket_then_a_part_of_it", {{"a-1", "s-1", ""}, {"a-2", "s-1", "x/"}}, "objects in common"},
    {"part_then_its_bucket", {{"a-1", "s-1", "x/"}, {"a-2", "s-1", ""}}, "objects in common"},
    {"below", {{"a-1", "s-1", "x/"}, {"a-2", "s-1", "x/y/"}}, "objects in common"},
    {"above", {{"a-1", "s-1", "x/y/"}, {"a-2", "s-1", "x/"}}, "objects in common"},
    {"not_neighbours", {{"a-1", "s-1", "x/"}, {"a-2", "s-2", ""}, {"a-3", "s-1", "x/y/"}}, "'a-3' and 'a-1'"},
    {"from_twice", {{"a-1", "s-1", ""}, {"a-1", "s-2", ""}}, "bucket 'a-1' is mapped twice"},
};

class Overlaps : public testing::TestWithParam<OverlapCase> {};

TEST_P(Overlaps, are_faults) {
    const auto fault = fault_of(GetParam().mappings);
    ASSERT_EQ(fault.has_value(), GetParam().fault != nullptr) << fault.value_or("");
    if (fault) {
        EXPECT_THAT(*fault, testing::HasSubstr(GetParam().fault));
    }
}
INSTANTIATE_TEST_SUITE_P(table, Overlaps, testing::ValuesIn(overlap_cases),
                         [](const auto& row) { return row.param.name; });

TEST(BucketMap, finds_what_clients_call_a_bucket) {
    const BucketMap map({{"a-1", "s-1", "x/"}, {"a-2", "s-2", ""}});
    ASSERT_NE(map.find("a-2"), nullptr);
    EXPECT_EQ(map.find("a-2")->bucket, "s-2");
    for (const char* other : {"s-1", "s-2", "a", "a-11", "A-1", ""})
        EXPECT_EQ(map.find(other), nullptr) << other;
    EXPECT_TRUE(BucketMap().empty());
    EXPECT_FALSE(map.empty());
}

struct PrefixCase {
    const char* key;
    const char* prefix;
    bool is_encoded;
    const char* rest;  ///< null: not below it
};

TEST(WithoutPrefix, takes_it_off_in_each_spelling) {
    const PrefixCase cases[] = {
        {"eu/a.txt", "eu/", false, "a.txt"},  {"eu/", "eu/", false, ""},
        {"a.txt", "", false, "a.txt"},        {"eu", "eu/", false, nullptr},
        {"", "eu/", false, nullptr},          {"EU/a", "eu/", false, nullptr},
        {"eux/a", "eu/", false, nullptr},     {"us/eu/a", "eu/", false, nullptr},
        {"eu%2Fa", "eu/", false, nullptr},    {"eu/eu/a", "eu/", false, "eu/a"},
        {"eu/a%20b", "eu/", false, "a%20b"},  {"eu/a%20b", "eu/", true, "a%20b"},
        {"eu%2Fa%20b", "eu/", true, "a%20b"}, {"eu%2fa%2Fb", "eu/", true, "a%2Fb"},
        {"%65%75%2F%61", "eu/", true, "%61"}, {"e%2Du/a+b", "e-u/", true, "a+b"},
        {"", "eu/", true, nullptr},           {"eu", "eu/", true, nullptr},
        {"eu%2", "eu/", true, nullptr},       {"eu%", "eu/", true, nullptr},
        {"eu%252Fa", "eu/", true, nullptr},   {"eu%2Ga", "eu/", true, nullptr},
        {"eux/a", "eu/", true, nullptr},      {"%2F", "", true, "%2F"},
    };
    for (const PrefixCase& row : cases) {
        const auto rest = without_prefix(row.key, row.prefix, row.is_encoded);
        ASSERT_EQ(rest.has_value(), row.rest != nullptr) << row.key;
        if (rest) {
            EXPECT_EQ(*rest, row.rest) << row.key;
        }
    }
}

TEST(Tokens, come_back_as_they_were) {
    for (const char* token : {"1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=", "eu/a/b.txt", "eu/", "eu",
                              "t:x", "k:x", "", "eu/k:x", "a b&c=d%2F"}) {
        for (const char* prefix : {"", "eu/", "t:/"}) {
            const auto back = token_for_store(token_for_client(token, prefix), prefix);
            ASSERT_TRUE(back) << token;
            EXPECT_EQ(*back, token) << prefix;
        }
    }
}

TEST(Tokens, do_not_tell_the_prefix) {
    EXPECT_EQ(token_for_client("eu/a/b.txt", "eu/"), "k:a/b.txt");
    EXPECT_EQ(token_for_client("opaque==", "eu/"), "t:opaque==");
    EXPECT_EQ(token_for_store("k:../a", "eu/"), "eu/../a") << "no path, but a place in a list";
}

TEST(Tokens, are_refused_when_they_were_not_given_out) {
    for (const char* token : {"", "opaque==", "k", "T:x", "eu/a", " k:a"})
        EXPECT_FALSE(token_for_store(token, "eu/")) << token;
}

}  // namespace
}  // namespace sallyport::gateway
