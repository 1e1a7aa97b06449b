#include "pki/tool/depot_configuration.h"

#include "pki/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using testing::HasSubstr;

Result<DepotConfiguration> parse(const std::string& text) {
    return parse_configuration(text, "depot.yaml");
}

const std::string small = R"(organization: Example
authorities:
  - {name: root}
  - {name: device-ca, issuer: root, issues: devices}
)";

TEST(DepotConfiguration, the_example_is_read_whole) {
    const auto path = std::filesystem::path(SALLYPORT_SOURCE_DIR) / "config" / "depot.example.yaml";
    const auto made = parse_configuration(read_file(path, 1 << 20).value(), path);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_EQ(made->authorities.size(), 4U);
    const AuthorityPlan& devices = made->authorities[1];
    EXPECT_EQ(devices.role, AuthorityRole::devices);
    EXPECT_TRUE(devices.crl.delta);
    EXPECT_EQ(devices.crl.lifetime, std::chrono::days{7});
    EXPECT_TRUE(made->authorities[0].passphrase);
}

TEST(DepotConfiguration, what_is_written_reads_as_the_same) {
    const auto model =
        default_configuration("O'Neill & Co", "https://crl.example/x/", std::chrono::days{100});
    const auto made = parse(write_configuration(model));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->organization, "O'Neill & Co");
    ASSERT_EQ(made->authorities.size(), model.authorities.size());
    for (std::size_t i = 0; i < model.authorities.size(); ++i) {
        EXPECT_EQ(made->authorities[i].name, model.authorities[i].name);
        EXPECT_EQ(made->authorities[i].common_name, model.authorities[i].common_name);
        EXPECT_EQ(made->authorities[i].role, model.authorities[i].role);
        EXPECT_EQ(made->authorities[i].issuer, model.authorities[i].issuer);
        EXPECT_EQ(made->authorities[i].lifetime, std::chrono::days{100});
        EXPECT_EQ(made->authorities[i].crl.url, "https://crl.example/x");
        EXPECT_EQ(made->authorities[i].crl.lifetime, model.authorities[i].crl.lifetime);
    }
    EXPECT_TRUE(parse(write_configuration(importing_configuration("Example", ""))));
}

struct FaultCase {
    const char* name;
    const char* added;  ///< to the small configuration
    const char* fault;
};

class ConfigurationFault : public testing::TestWithParam<FaultCase> {};

TEST_P(ConfigurationFault, is_told_with_its_place) {
    const auto made = parse(small + GetParam().added);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr(GetParam().fault));
    EXPECT_THAT(made.error().message, HasSubstr("depot.yaml:"));
}

const FaultCase fault_cases[] = {
    {"unknown_key", "sevices: {}\n", "sevices"},
    {"unknown_issuer", "  - {name: x, issuer: toor, issues: servers}\n", "'toor' is no root"},
    {"issuer_below", "  - {name: x, issuer: device-ca, issues: servers}\n", "'device-ca' is no root"},
    {"issuer_itself", "  - {name: x, issuer: x, issues: servers}\n", "'x' is no root"},
    {"twice", "  - {name: root}\n", "'root' stands twice"},
    {"no_purpose", "  - {name: x, issuer: root}\n", "say what it issues"},
    {"no_issuer", "  - {name: x, issues: servers}\n", "needs a root above it"},
    {"strange_purpose", "  - {name: x, issuer: root, issues: cats}\n", "'cats' is none of"},
    {"name_upper_case", "  - {name: X}\n", "lower-case letters"},
    {"name_of_a_delta", "  - {name: ca-delta}\n", "lower-case letters"},
    {"name_of_a_partition", "  - {name: ca-3p}\n", "lower-case letters"},
    {"name_reserved", "  - {name: elsewhere}\n", "lower-case letters"},
    {"algorithm", "  - {name: x, key: {algorithm: rsa-1024}}\n", "'rsa-1024' is none of"},
    {"key_uri", "  - {name: x, key: {uri: x.pem}}\n", "only pkcs11: URIs"},
    {"passphrase_in_clear", "  - {name: x, key: {passphrase: 'pass:1234'}}\n", "passphrase:"},
    {"crl_url", "  - {name: x, crl: {url: 'ldap://a'}}\n", "must be an http or https URL"},
    {"partitions_without_url", "  - {name: x, crl: {partitions: 4}}\n", "need a url"},
    {"refresh_too_late", "  - {name: x, crl: {lifetime: 1d, refresh_after: 1d}}\n", "must be shorter"},
    {"device_key", "devices: {key: p-256}\n", "RSA only"},
    {"percent", "revoke: {ask_above_percent: 101}\n", "ask_above_percent"},
    {"days_zero", "servers: {days: 0}\n", "days"},
};
INSTANTIATE_TEST_SUITE_P(table, ConfigurationFault, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DepotConfiguration, needs_an_organization_and_an_authority) {
    EXPECT_FALSE(parse("authorities: [{name: root}]\n"));
    EXPECT_FALSE(parse("organization: Example\n"));
    EXPECT_FALSE(parse("organization: ''\nauthorities: [{name: root}]\n"));
    EXPECT_TRUE(parse(small));
}

TEST(Partition, is_the_same_for_a_serial_and_within_bounds) {
    EXPECT_EQ(partition_of("\x01\x02", 1), 0U);
    EXPECT_EQ(partition_of("\x01\x07", 4), 3U);
    EXPECT_EQ(partition_of("", 4), 0U);
}

}  // namespace
}  // namespace sallyport::pki
