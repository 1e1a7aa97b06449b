#include "gateway/store_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

/// What is wrong with section `store`; `resign` is what stands in the braces of its section `resign`.
std::vector<std::string> faults_of(const std::string& endpoint, const std::string& resign,
                                   StoreSettings* read = nullptr) {
    config::Faults faults("gateway.yaml");
    const auto node = config::parse_yaml(
        "endpoints: '" + endpoint + "'\nsigning: resign\nresign: {" + resign + "}\n", faults);
    if (!node) return {"no YAML"};
    config::MapReader map(*node, "store", faults);
    StoreSettings settings = read_store(map, ConfigurationPaths("gateway.yaml"));
    if (read != nullptr) *read = std::move(settings);
    return faults.messages();
}

constexpr const char* https = "https://s3.example";
const std::string least = "region: eu-west-1, credentials: {environment: AWS}";

using Chunks = StoreAddressing::Chunks;

TEST(ResignSettings, have_defaults) {
    StoreSettings read;
    EXPECT_THAT(faults_of(https, least, &read), testing::IsEmpty());
    ASSERT_TRUE(read.resign);
    EXPECT_EQ(read.resign->addressing.host, "s3.example");
    EXPECT_EQ(read.resign->addressing.region, "eu-west-1");
    EXPECT_FALSE(read.resign->addressing.virtual_hosted);
    EXPECT_EQ(read.resign->addressing.chunks, Chunks::as_signed);
    EXPECT_TRUE(read.resign->addressing.buckets.empty());
    EXPECT_EQ(read.resign->profile, "default");
    EXPECT_EQ(read.resign->credentials, (SecretSource{SecretSource::Kind::environment, "AWS", ""}));
}

TEST(ResignSettings, take_what_is_given) {
    StoreSettings read;
    EXPECT_THAT(
        faults_of(https,
                  "region: garage, host: 'S3.Eu-West-1.Example:8443', addressing: virtual-hosted, chunks: "
                  "plain, buckets: [{from: logs, to: acme/eu/}, {from: all, to: acme-all}], credentials: "
                  "{credential: store, profile: prod}",
                  &read),
        testing::IsEmpty());
    const StoreAddressing& addressing = read.resign->addressing;
    EXPECT_EQ(addressing.host, "s3.eu-west-1.example:8443");
    EXPECT_EQ(addressing.region, "garage");
    EXPECT_TRUE(addressing.virtual_hosted);
    EXPECT_EQ(addressing.chunks, Chunks::taken_apart);
    EXPECT_EQ(addressing.buckets, BucketMap({{"logs", "acme", "eu/"}, {"all", "acme-all", ""}}));
    EXPECT_EQ(read.resign->profile, "prod");
    EXPECT_EQ(read.resign->credentials, (SecretSource{SecretSource::Kind::credential, "store", ""}));
    faults_of(https, "chunks: unsigned, " + least, &read);
    EXPECT_EQ(read.resign->addressing.chunks, Chunks::as_unsigned);
    faults_of(https, "region: r, credentials: {file: /dev/null}", &read);
    EXPECT_EQ(read.resign->credentials, (SecretSource{SecretSource::Kind::file, "", "/dev/null"}));
}

struct HostCase {
    const char* endpoint;
    const char* given;  ///< null: no `host`
    const char* host;
};

/// As Host fields have it (RFC 9110 7.2): without the port that the scheme implies.
TEST(ResignSettings, name_the_host_as_clients_do) {
    const HostCase cases[] = {
        {"https://s3.example:443", nullptr, "s3.example"},
        {"http://s3.example:80", nullptr, "s3.example"},
        {"http://s3.example:443", nullptr, "s3.example:443"},
        {"https://s3.example:80", nullptr, "s3.example:80"},
        {"http://10.0.0.1:9000", nullptr, "10.0.0.1:9000"},
        {"http://[::1]:80", nullptr, "[::1]"},
        {"http://[::1]:9000", nullptr, "[::1]:9000"},
        {"https://10.0.0.1", "s3.example", "s3.example"},
        {"https://10.0.0.1", "s3.example:443", "s3.example"},
        {"http://10.0.0.1", "s3.example:443", "s3.example:443"},
        {"http://10.0.0.1:9000", "s3.example", "s3.example"},
    };
    for (const HostCase& row : cases) {
        StoreSettings read;
        const std::string host = row.given == nullptr ? "" : "host: '" + std::string(row.given) + "', ";
        EXPECT_THAT(faults_of(row.endpoint, host + least, &read), testing::IsEmpty()) << row.endpoint;
        EXPECT_EQ(read.resign->addressing.host, row.host) << row.endpoint;
    }
}

struct FaultCase {
    const char* name;
    std::string resign;
    const char* where;  ///< line and column
    const char* what;
    const char* endpoint = https;
};

const std::string mappings_that_meet =
    "buckets: [{from: one, to: acme/a/}, {from: two, to: acme/a/b/}], " + least;

const FaultCase fault_cases[] = {
    {"region_missing", "credentials: {environment: AWS}", "3:9", "'region'"},
    {"region_in_capitals", "region: EU, credentials: {environment: AWS}", "3:9",
     "region: a name such as eu-west-1 is needed"},
    {"region_with_a_slash", "region: a/b, credentials: {environment: AWS}", "3:9", "region: a name"},
    {"region_too_long", "region: " + std::string(65, 'x') + ", credentials: {environment: AWS}", "3:9",
     "region: a name"},
    {"no_such_addressing", "addressing: dns, " + least, "3:22", "is none of: path, virtual-hosted"},
    {"no_such_chunks", "chunks: none, " + least, "3:18", "is none of: signed, unsigned, plain"},
    {"unsigned_without_tls", "chunks: unsigned, " + least, "3:9", "need https:// endpoints",
     "http://s3.example"},
    {"plain_without_tls", "chunks: plain, " + least, "3:9", "need https:// endpoints", "http://s3.example"},
    {"host_with_a_scheme", "host: 'https://s3.example', " + least, "3:16", "is no host such as"},
    {"host_with_a_path", "host: s3.example/a, " + least, "3:16", "is no host such as"},
    {"host_with_a_slash", "host: s3.example/, " + least, "3:16", "is no host such as"},
    {"host_with_a_line_end", "host: \"s3.example\\r\\nX: y\", " + least, "3:16", "is no host such as"},
    {"host_with_a_user", "host: 'me@s3.example', " + least, "3:16", "is no host such as"},
    {"host_is_empty", "host: '', " + least, "3:16", "host"},
    {"bucket_before_an_address", "addressing: virtual-hosted, " + least, "3:9",
     "cannot stand before an IP address", "https://10.0.0.1"},
    {"bucket_before_a_given_address", "addressing: virtual-hosted, host: '[::1]', " + least, "3:9",
     "cannot stand before an IP address"},
    {"no_mapping", "buckets: [{from: one, to: acme/a}], " + least, "3:20",
     "'one' to 'acme/a': a bucket, and a bucket with or without a prefix that ends with '/'"},
    {"mapping_without_from", "buckets: [{to: acme}], " + least, "3:20", "'from'"},
    {"mapping_with_more", "buckets: [{from: one, to: acme, region: x}], " + least, "3:42",
     "unknown key 'region'"},
    {"mappings_that_meet", mappings_that_meet, "3:9", "'two' and 'one' would have objects in common"},
    {"mapped_twice", "buckets: [{from: one, to: a-1}, {from: one, to: a-2}], " + least, "3:9",
     "buckets: bucket 'one' is mapped twice"},
    {"credentials_missing", "region: r", "3:9", "'credentials' is missing"},
    {"credentials_are_empty", "region: r, credentials: {}", "3:34",
     "one of file, environment and credential"},
    {"two_credentials", "region: r, credentials: {environment: AWS, credential: store}", "3:34",
     "one of file, environment and credential"},
    {"profile_of_an_environment", "region: r, credentials: {environment: AWS, profile: x}", "3:62",
     "profile: an environment has none"},
    {"secret_in_the_configuration", "region: r, credentials: {environment: AWS, aws_secret_access_key: s}",
     "3:53", "unknown key 'aws_secret_access_key'"},
    {"credential_with_a_path", "region: r, credentials: {credential: ../x}", "3:47", "'../x' is no name"},
    {"file_that_is_not_there", "region: r, credentials: {file: none.ini}", "3:41", "none.ini does not exist"},
    {"unknown", "acl: private, " + least, "3:10", "unknown key 'acl'"},
};

class ResignFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(ResignFaults, are_told_with_their_place) {
    const auto faults = faults_of(GetParam().endpoint, GetParam().resign);
    ASSERT_THAT(faults, testing::Contains(testing::HasSubstr(GetParam().what)));
    EXPECT_THAT(faults,
                testing::Each(testing::StartsWith("gateway.yaml:" + std::string(GetParam().where) + ":")));
}
INSTANTIATE_TEST_SUITE_P(table, ResignFaults, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

std::vector<std::string> faults_of_store(const std::string& yaml) {
    config::Faults faults("gateway.yaml");
    const auto node = config::parse_yaml(yaml, faults);
    config::MapReader map(node.value(), "store", faults);
    read_store(map, ConfigurationPaths("gateway.yaml"));
    return faults.messages();
}

TEST(ResignSettings, belong_to_signing_resign) {
    const std::string both = "belong together";
    EXPECT_THAT(faults_of_store("endpoints: 'https://a'\nsigning: resign\n"),
                testing::ElementsAre(testing::HasSubstr(both)));
    EXPECT_THAT(faults_of_store("endpoints: 'https://a'\nresign: {" + least + "}\n"),
                testing::Contains(testing::HasSubstr(both)));
    EXPECT_THAT(faults_of_store("endpoints: 'https://a'\nsigning: passthrough\nresign: {" + least + "}\n"),
                testing::Contains(testing::HasSubstr(both)));
}

}  // namespace
}  // namespace sallyport::gateway
