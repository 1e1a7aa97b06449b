#include "pki/tool/publication/manifest.h"

#include "tests/support/revocation_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

ManifestEntry entry(const std::string& name) {
    return {.name = name,
            .issuer = "CN=Device \"CA\"",
            .number = "7",
            .sha256 = std::string(64, 'a'),
            .size = 500,
            .this_update = std::chrono::sys_seconds(1'768'464'000s),
            .next_update = std::chrono::sys_seconds(1'768'550'400s)};
}

const std::string one =
    R"({"version":1,"files":[{"name":"ca.crl","issuer":"CN=Device \"CA\"","number":"7","sha256":")" +
    std::string(64, 'a') + R"(","size":500,"this_update":1768464000,"next_update":1768550400}]})" + "\n";

TEST(Manifest, has_the_same_bytes_for_the_same_files) {
    EXPECT_EQ(manifest({entry("ca.crl")}), one);
    EXPECT_EQ(manifest({entry("b.crl"), entry("a.crl")}), manifest({entry("a.crl"), entry("b.crl")}));
    EXPECT_EQ(manifest({}), "{\"version\":1,\"files\":[]}\n");
}

TEST(Manifest, is_read_back) {
    ManifestEntry delta = entry("delta.crl");
    delta.base_number = "5";
    delta.partition = "http://crl.test/1";
    const std::vector<ManifestEntry> entries{entry("ca.crl"), delta};
    EXPECT_EQ(parse_manifest(manifest(entries)).value(), entries);
}

TEST(Manifest, describes_a_crl) {
    const test::Authority ca(0, "Device CA");
    const std::string der = test::crl(ca, {.number = std::string("\x01\x00", 2)});
    const auto complete = manifest_entry("ca.crl", der).value();
    EXPECT_EQ(complete.issuer, "CN=Device CA");
    EXPECT_EQ(complete.number, "256");
    EXPECT_EQ(complete.base_number, "");
    EXPECT_EQ(complete.size, der.size());
    EXPECT_EQ(complete.this_update, test::now - 1h);
    EXPECT_EQ(complete.next_update, test::now + 1h);
    const auto delta = manifest_entry("d.crl", test::crl(ca, {.number = "\x09", .base = "\x05"})).value();
    EXPECT_EQ(delta.number, "9");
    EXPECT_EQ(delta.base_number, "5");
    EXPECT_THAT(manifest_entry("x.crl", der + der).error().message, HasSubstr("x.crl: "));
    EXPECT_THAT(manifest_entry("x.crl", test::crl(ca, {.number = ""})).error().message,
                HasSubstr("without a number"));
}

struct BadCase {
    const char* name;
    const char* old_text;
    const char* new_text;
    const char* what;
};

const BadCase bad_cases[] = {
    {"cut", "}]}", "}]", "not a manifest"},
    {"another_version", "\"version\":1", "\"version\":2", "version 1 is needed"},
    {"no_version", "\"version\":1,", "", "version 1 is needed"},
    {"files_of_another_type", "[{", "{\"x\":[{", "not a manifest"},
    {"name_that_leads_away", "ca.crl", "../ca.crl", "without a name"},
    {"hidden_name", "ca.crl", ".ca.crl", "without a name"},
    {"number_of_another_type", "\"number\":\"7\"", "\"number\":7", "'number'"},
    {"number_with_zeros", "\"number\":\"7\"", "\"number\":\"07\"", "'number'"},
    {"negative_number", "\"number\":\"7\"", "\"number\":\"-7\"", "'number'"},
    {"short_digest", "\"sha256\":\"a", "\"sha256\":\"", "'sha256'"},
    {"digest_in_capitals", "\"sha256\":\"a", "\"sha256\":\"A", "'sha256'"},
    {"negative_size", "500", "-500", "'size'"},
    {"broken_size", "500", "5.5", "'size'"},
    {"huge_size", "500", "18446744073709551615", "'size'"},
    {"no_date", "\"this_update\":1768464000,", "", "'this_update'"},
    {"date_as_text", "1768550400", "\"2026\"", "'next_update'"},
    {"late_date", "1768550400", "253402300800", "'next_update'"},
    {"base_of_another_type", "\"size\"", "\"base_number\":5,\"size\"", "'base_number'"},
};

class BadManifests : public testing::TestWithParam<BadCase> {};

TEST_P(BadManifests, are_refused) {
    std::string text = one;
    const auto at = text.find(GetParam().old_text);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, std::string(GetParam().old_text).size(), GetParam().new_text);
    const auto read = parse_manifest(text);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr(GetParam().what));
}
INSTANTIATE_TEST_SUITE_P(table, BadManifests, testing::ValuesIn(bad_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Manifest, is_bounded_and_names_each_file_once) {
    EXPECT_FALSE(parse_manifest(one + std::string(1U << 20U, ' ')));
    const auto twice = parse_manifest(manifest({entry("a.crl"), entry("a.crl")}));
    ASSERT_FALSE(twice);
    EXPECT_THAT(twice.error().message, HasSubstr("a.crl stands twice"));
}

TEST(Manifest, lets_later_versions_add_members) {
    std::string text = one;
    text.replace(text.find("\"size\""), 0, "\"colour\":\"red\",");
    EXPECT_TRUE(parse_manifest(text));
}

}  // namespace
}  // namespace sallyport::pki
