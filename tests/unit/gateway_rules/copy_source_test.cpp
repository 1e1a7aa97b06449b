#include "gateway/rules/s3_operation.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr const char* ambiguous = "(ambiguous)";

struct SourceCase {
    const char* name;
    std::string source;
    const char* address;  ///< bucket/key, or `ambiguous`
    bool in_doubt = false;
};
const SourceCase source_cases[] = {
    {"with_slash", "/fleet/A1/x", "fleet/A1/x"},
    {"without_slash", "fleet/A1/x", "fleet/A1/x"},
    {"two_slashes", "//fleet/A1/x", ambiguous},
    {"encoded_space", "fleet/A1/a%20b", "fleet/A1/a b"},
    {"raw_space", "fleet/A1/a b", ambiguous},
    {"encoded_plus", "fleet/A1/a%2Bb", "fleet/A1/a+b"},
    {"raw_plus", "fleet/A1/a+b", ambiguous},
    {"encoded_number_sign", "fleet/A1/a%23b", "fleet/A1/a#b"},
    {"raw_number_sign", "fleet/A1/a#b", ambiguous},
    {"encoded_semicolon", "fleet/A1/a%3Bb", "fleet/A1/a;b"},
    {"raw_semicolon", "fleet/A1/a;b", ambiguous},
    {"version", "fleet/A1/x?versionId=1", ambiguous},
    {"version_encoded", "fleet/A1/x%3FversionId=1", ambiguous},
    {"version_as_part_of_a_name", "fleet/A1/versionId=1", "fleet/A1/versionId=1"},
    {"empty", "", ambiguous},
    {"a_slash", "/", ambiguous},
    {"a_bucket", "/fleet", ambiguous},
    {"a_bucket_and_slash", "/fleet/", ambiguous},
    {"folder", "/fleet/A1/", "fleet/A1/"},
    {"no_bucket_name", "/Fleet/A1/x", ambiguous},
    {"encoded_bucket", "/%66leet/A1/x", ambiguous},
    {"access_point", "arn:aws:s3:us-east-1:1:accesspoint/a/object/x", ambiguous},
    {"url", "http://fleet/A1/x", ambiguous},
    {"dots_in_a_name", "fleet/A1/..x", "fleet/A1/..x"},
    {"parent", "fleet/A1/../A2/x", ambiguous},
    {"parent_encoded", "fleet/A1/%2e%2e/A2/x", ambiguous},
    {"parent_with_slashes_encoded", "fleet/A1%2F..%2FA2/x", ambiguous},
    {"encoded_slash", "fleet%2FA1/x", ambiguous},
    {"encoded_slash_in_front", "%2Ffleet/A1/x", ambiguous},
    {"all_encoded", "fleet%2FA1%2Fx", ambiguous},
    {"empty_segment", "fleet/A1//x", nullptr, true},
    {"empty_segments_only", "fleet//", ambiguous},
    {"percent", "fleet/A1/100%25", "fleet/A1/100%"},
    {"encoded_twice", "fleet/A1/%252e%252e/x", ambiguous},
    {"percent_alone", "fleet/A1/100%", ambiguous},
    {"backslash", "fleet/A1\\x", ambiguous},
    {"zero_byte", "fleet/A1/x%00", ambiguous},
    {"utf8", "fleet/A1/%C3%A9", "fleet/A1/\xC3\xA9"},
    {"utf8_raw", "fleet/A1/\xC3\xA9", ambiguous},
    {"latin1", "fleet/A1/%E9", ambiguous},
    {"longest", "fleet/" + std::string(1024, 'x'), nullptr},
    {"longer", "fleet/" + std::string(1025, 'x'), ambiguous},
};

class CopySource : public testing::TestWithParam<SourceCase> {};

TEST_P(CopySource, is_read_in_one_way_or_not_at_all) {
    for (const auto* target : {"/fleet/A1/to", "/fleet/A1/to?partNumber=1&uploadId=u"}) {
        const auto operation = classify({"PUT", target, 11, {{"x-amz-copy-source", GetParam().source}}});
        const std::string expected = GetParam().address == nullptr ? GetParam().source : GetParam().address;
        if (expected == ambiguous) {
            ASSERT_FALSE(operation) << operation->copy_source->bucket << "/" << operation->copy_source->key;
            EXPECT_EQ(operation.error().reason, Reason::ambiguous_path);
        } else {
            ASSERT_TRUE(operation) << operation.error().detail;
            EXPECT_EQ(operation->source_ambiguity.empty(), !GetParam().in_doubt);
            EXPECT_EQ(operation->copy_source->bucket + "/" + operation->copy_source->key, expected);
            EXPECT_EQ(operation->address, (s3::ObjectAddress{"fleet", "A1/to"}));
        }
    }
}
INSTANTIATE_TEST_SUITE_P(table, CopySource, testing::ValuesIn(source_cases),
                         [](const auto& row) { return row.param.name; });

TEST(CopySource, stands_once) {
    const RequestHead twice{
        "PUT", "/fleet/A1/to", 11, {{"x-amz-copy-source", "/fleet/A1/x"}, {"X-Amz-Copy-Source", "/b/k"}}};
    EXPECT_FALSE(classify(twice));
    EXPECT_EQ(classify({"PUT", "/fleet/A1/to", 11, {}})->copy_source, std::nullopt);
    EXPECT_EQ(classify({"PUT", "/fleet/A1/to", 11, {{"x-amz-copy-source-range", "b"}}})->copy_source,
              std::nullopt);
}

struct PrefixCase {
    const char* name;
    const char* method;
    const char* target;
    std::optional<std::string> prefix;
};
const PrefixCase prefix_cases[] = {
    {"v2", "GET", "/fleet?list-type=2&prefix=A1/", "A1/"},
    {"v1", "GET", "/fleet?prefix=A1/", "A1/"},
    {"v1_with_slash", "GET", "/fleet/?prefix=A1/", "A1/"},
    {"versions", "GET", "/fleet?versions&prefix=A1/", "A1/"},
    {"uploads", "GET", "/fleet?uploads&prefix=A1/", "A1/"},
    {"encoded", "GET", "/fleet?prefix=A1%2Fa%20b", "A1/a b"},
    {"empty", "GET", "/fleet?prefix=", ""},
    {"without_value", "GET", "/fleet?prefix", ""},
    {"none", "GET", "/fleet?list-type=2", std::nullopt},
    {"of_another_name", "GET", "/fleet?list-type=2&marker=A1/", std::nullopt},
    {"of_an_object", "GET", "/fleet/A1/x?prefix=A1/", std::nullopt},
    {"of_the_location", "GET", "/fleet?location&prefix=A1/", std::nullopt},
};

class ClassifyPrefix : public testing::TestWithParam<PrefixCase> {};

TEST_P(ClassifyPrefix, is_what_a_list_is_of) {
    const auto operation = classify({GetParam().method, GetParam().target, 11, {}});
    ASSERT_TRUE(operation);
    EXPECT_EQ(operation->prefix, GetParam().prefix);
}
INSTANTIATE_TEST_SUITE_P(table, ClassifyPrefix, testing::ValuesIn(prefix_cases),
                         [](const auto& row) { return row.param.name; });

TEST(ClassifyPrefix, stands_once) {
    EXPECT_FALSE(classify({"GET", "/fleet?%70refix=A1%2F", 11, {}}));
    EXPECT_FALSE(classify({"GET", "/fleet?prefix=A1/&prefix=A2/", 11, {}}));
    EXPECT_FALSE(classify({"GET", "/fleet?prefix=A1/&%70refix=A2/", 11, {}}));
}

}  // namespace
}  // namespace sallyport::gateway
