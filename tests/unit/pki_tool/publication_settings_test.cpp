#include "pki/tool/publication/publication_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using config::SecretSource;
using testing::HasSubstr;
using namespace std::chrono_literals;

struct Read {
    PublicationSettings settings;
    std::vector<std::string> faults;
};

/// As if the file lay in /dev.
Read read(const std::string& yaml) {
    config::Faults faults("pki.yaml");
    const auto node = config::parse_yaml(yaml, faults);
    config::MapReader map(node.value(), "", faults);
    PublicationSettings settings = read_publication(map, config::ConfigurationPaths("/dev/pki.yaml"));
    map.finish();
    return {std::move(settings), faults.messages()};
}

TEST(PublicationSettings, have_places_of_three_kinds_and_gateways) {
    const Read got = read(R"(
publish:
  - {folder: shm}
  - {store: s3://pki/crl/, endpoint: https://minio.example:9000, region: us-east-1,
     addressing: virtual-hosted, ca: 'null', credentials: {file: zero, profile: crl}}
  - {url: https://crl.example/put/, certificate: 'null', key: zero, token: {environment: T}, deadline: 5s}
  - {url: 'http://10.0.0.1/put/', insecure: true}
gateways:
  - {name: a, admin: http://127.0.0.1:9901}
  - {name: b, admin: https://gw-b.example, ca: 'null', token: {credential: admin}}
)");
    EXPECT_THAT(got.faults, testing::IsEmpty());
    std::vector<RepositorySettings> places;
    for (const PublicationPlace& place : got.settings.places)
        places.push_back(place.repository);
    ASSERT_EQ(places.size(), 4U);
    EXPECT_EQ(std::get<FolderSettings>(places[0]).folder, "/dev/shm");
    const auto& store = std::get<StoreSettings>(places[1]);
    EXPECT_EQ(store.bucket, "pki");
    EXPECT_EQ(store.prefix, "crl/");
    EXPECT_EQ(store.peer.address, (WebAddress{true, "minio.example", 9000, "/"}));
    EXPECT_EQ(store.region, "us-east-1");
    EXPECT_TRUE(store.virtual_hosted);
    EXPECT_EQ(store.peer.ca, "/dev/null");
    EXPECT_EQ(store.credentials, (SecretSource{SecretSource::Kind::file, "", "/dev/zero"}));
    EXPECT_EQ(store.profile, "crl");
    EXPECT_EQ(store.peer.deadline, 30s);
    const auto& web = std::get<WebSettings>(places[2]);
    EXPECT_EQ(web.peer.address.text(), "https://crl.example/put/");
    EXPECT_EQ(web.peer.certificate, "/dev/null");
    EXPECT_EQ(web.peer.key, "/dev/zero");
    EXPECT_EQ(web.peer.token, (SecretSource{SecretSource::Kind::environment, "T", ""}));
    EXPECT_EQ(web.peer.deadline, 5s);
    ASSERT_EQ(got.settings.gateways.size(), 2U);
    EXPECT_EQ(got.settings.gateways[0].name, "a");
    EXPECT_EQ(got.settings.gateways[0].admin.address, (WebAddress{false, "127.0.0.1", 9901, "/"}));
    EXPECT_EQ(got.settings.gateways[1].admin.token.kind, SecretSource::Kind::credential);
}

TEST(PublicationSettings, may_be_missing) {
    const Read got = read("{}");
    EXPECT_THAT(got.faults, testing::IsEmpty());
    EXPECT_TRUE(got.settings.places.empty());
}

struct FaultCase {
    const char* name;
    std::string entry;  ///< in the braces of an entry of `publish`
    const char* where;
    const char* what;
};

const std::string store =
    "store: 's3://b-b/', endpoint: 'https://a', region: r, credentials: {environment: E}";

const FaultCase fault_cases[] = {
    {"nothing", "", "2:5", "one of folder, store and url is needed"},
    {"two", "folder: /dev, url: 'https://a/'", "2:5", "one of folder, store and url is needed"},
    {"no_folder", "folder: none", "2:14", "/dev/none does not exist"},
    {"unknown_key", "folder: /dev, acl: x", "2:20", "unknown key 'acl'"},
    {"no_bucket", "store: 's3://', endpoint: 'https://a', region: r, credentials: {environment: E}", "2:13",
     "is not s3://BUCKET/"},
    {"http_bucket", "store: 'http://b-b/', endpoint: 'https://a', region: r, credentials: {environment: E}",
     "2:13", "is not s3://BUCKET/"},
    {"prefix_without_slash",
     "store: 's3://b-b/x', endpoint: 'https://a', region: r, credentials: {environment: E}", "2:13",
     "is not s3://BUCKET/"},
    {"prefix_with_dots",
     "store: 's3://b-b/../', endpoint: 'https://a', region: r, credentials: {environment: E}", "2:13",
     "is not s3://BUCKET/"},
    {"empty_segment",
     "store: 's3://b-b/x//', endpoint: 'https://a', region: r, credentials: {environment: E}", "2:13",
     "is not s3://BUCKET/"},
    {"endpoint_with_path",
     "store: 's3://b-b/', endpoint: 'https://a/x', region: r, credentials: {environment: E}", "2:36",
     "has no path"},
    {"store_with_token", store + ", token: {environment: T}", "2:91", "unknown key 'token'"},
    {"no_credentials", "store: 's3://b-b/', endpoint: 'https://a', region: r", "2:5",
     "'credentials' is missing"},
    {"secret_in_the_configuration",
     "store: 's3://b-b/', endpoint: 'https://a', region: r, credentials: {environment: E, secret: s}", "2:90",
     "unknown key 'secret'"},
    {"plain_http", "url: 'http://crl.example/'", "2:11", "insecure: true"},
    {"plain_http_that_looks_local", "url: 'http://127.example/'", "2:11", "insecure: true"},
    {"url_without_slash", "url: 'https://a/x'", "2:11", "must end with '/'"},
    {"url_with_user", "url: 'https://u:p@a/'", "2:11", "secrets do not belong into URLs"},
    {"url_with_query", "url: 'https://a/?x=/'", "2:11", "has a '?'"},
    {"url_with_dots", "url: 'https://a/../'", "2:11", "'..'"},
    {"ftp", "url: 'ftp://a/'", "2:11", "http:// or https://"},
    {"no_port", "url: 'https://a:0/'", "2:11", "1 to 65535"},
    {"large_port", "url: 'https://a:65536/'", "2:11", "1 to 65535"},
    {"no_host", "url: 'https:///x/'", "2:11", "names no host"},
    {"number_as_host", "url: 'https://1.2.3/'", "2:11", "names no host"},
    {"key_alone", "url: 'https://a/', key: /dev/null", "2:5", "'certificate' and 'key' go together"},
    {"ca_for_http", "url: 'http://[::1]/', ca: /dev/null", "2:32", "for https:// alone"},
    {"no_deadline", "url: 'https://a/', deadline: 0s", "2:35", "deadline"},
};

class PublicationFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(PublicationFaults, are_told_with_their_place) {
    const auto faults = read("publish:\n  - {" + GetParam().entry + "}\n").faults;
    EXPECT_THAT(faults, testing::Contains(testing::AllOf(
                            testing::StartsWith("pki.yaml:" + std::string(GetParam().where) + ":"),
                            HasSubstr(GetParam().what))));
}
INSTANTIATE_TEST_SUITE_P(table, PublicationFaults, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

TEST(PublicationSettings, refuse_what_stands_twice) {
    EXPECT_THAT(read("publish:\n  - {folder: /dev}\n  - {folder: /dev}\n").faults,
                testing::ElementsAre(HasSubstr("stands twice")));
    EXPECT_THAT(read("gateways:\n  - {name: a, admin: 'http://127.0.0.1:1'}\n"
                     "  - {name: a, admin: 'http://127.0.0.1:2'}\n")
                    .faults,
                testing::ElementsAre(HasSubstr("two gateways 'a'")));
    EXPECT_THAT(read("gateways:\n  - {name: a, admin: 'http://127.0.0.1:1/status'}\n").faults,
                testing::ElementsAre(HasSubstr("without a path")));
}

}  // namespace
}  // namespace sallyport::pki
