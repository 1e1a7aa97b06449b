#include "gateway/store_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

struct UrlCase {
    const char* name;
    const char* url;
    const char* text;  ///< as logs have it; empty: refused
};

const UrlCase url_cases[] = {
    {"ipv4", "http://127.0.0.1:9000", "http://127.0.0.1:9000"},
    {"ipv6", "http://[::1]:9000", "http://[::1]:9000"},
    {"name", "https://store.example.test:9000", "https://store.example.test:9000"},
    {"port_of_http", "http://127.0.0.1", "http://127.0.0.1:80"},
    {"port_of_https", "https://[fd00::1]", "https://[fd00::1]:443"},
    {"slash", "http://127.0.0.1:9000/", "http://127.0.0.1:9000"},
    {"upper_case", "https://Store.Example.Test", "https://store.example.test:443"},
    {"one_label", "http://minio:9000", "http://minio:9000"},
    {"underscore", "http://rook_ceph:80", "http://rook_ceph:80"},
    {"highest_port", "http://minio:65535", "http://minio:65535"},

    {"no_scheme", "127.0.0.1:9000", ""},
    {"other_scheme", "ftp://127.0.0.1", ""},
    {"upper_case_scheme", "HTTP://127.0.0.1", ""},
    {"path", "http://127.0.0.1:9000/a", ""},
    {"two_slashes", "http://127.0.0.1:9000//", ""},
    {"query", "http://127.0.0.1?a", ""},
    {"user", "http://me@127.0.0.1", ""},
    {"no_host", "http://:9000", ""},
    {"nothing", "http://", ""},
    {"port_0", "http://127.0.0.1:0", ""},
    {"port_too_high", "http://127.0.0.1:65536", ""},
    {"port_with_sign", "http://127.0.0.1:+80", ""},
    {"empty_port", "http://127.0.0.1:", ""},
    {"ipv6_without_brackets", "http://::1:9000", ""},
    {"ipv6_half_bracketed", "http://[::1:9000", ""},
    {"ipv6_with_tail", "http://[::1]9000", ""},
    {"ipv6_zone", "http://[fe80::1%eth0]:80", ""},
    {"ipv4_in_brackets", "http://[127.0.0.1]:80", ""},
    {"short_ipv4", "http://127.1:80", ""},
    {"number", "http://2130706433", ""},
    {"space", "http://a b", ""},
    {"empty_label", "http://a..b", ""},
    {"trailing_dot", "http://a.b.", ""},
    {"hyphen_first", "http://-a.b", ""},
    {"hyphen_last", "http://a-.b", ""},
};

class StoreUrls : public testing::TestWithParam<UrlCase> {};

TEST_P(StoreUrls, are_read_strictly) {
    const auto url = parse_store_url(GetParam().url);
    EXPECT_EQ(url ? url->text() : "", GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(table, StoreUrls, testing::ValuesIn(url_cases),
                         [](const auto& row) { return row.param.name; });

/// What is wrong with section `store`; `yaml` is what stands in its braces.
std::vector<std::string> faults_of(const std::string& yaml, StoreSettings* read = nullptr) {
    config::Faults faults("gateway.yaml");
    const auto node = config::parse_yaml("{" + yaml + "}", faults);
    if (!node) return {"no YAML"};
    config::MapReader map(*node, "store", faults);
    StoreSettings settings = read_store(map, ConfigurationPaths("gateway.yaml"));
    if (read != nullptr) *read = std::move(settings);
    return faults.messages();
}

TEST(StoreSettings, have_defaults) {
    StoreSettings read;
    EXPECT_THAT(faults_of("endpoints: ['https://a:1', 'https://10.0.0.1:1', 'https://[::1]:1']", &read),
                testing::IsEmpty());
    ASSERT_EQ(read.endpoints.size(), 3U);
    EXPECT_TRUE(read.uses_tls());
    EXPECT_TRUE(read.endpoints[0].is_name);
    EXPECT_FALSE(read.endpoints[1].is_name);
    EXPECT_FALSE(read.endpoints[2].is_name);
    EXPECT_EQ(read.check.interval, 5s);
    EXPECT_EQ(read.check.timeout, 2s);
    EXPECT_EQ(read.check.path, "");
    EXPECT_EQ(read.resolve_interval, 30s);
    EXPECT_FALSE(read.tls.only_tls_1_3);
}

TEST(StoreSettings, take_what_is_given) {
    StoreSettings read;
    EXPECT_THAT(faults_of("endpoints: 'https://a', health_check: {interval: 1s, timeout: 500ms, path: "
                          "'/minio/health/live?x=1'}, resolve_interval: 1m, tls: {server_name: S3.Test, "
                          "minimum_version: 1.3}, signing: passthrough",
                          &read),
                testing::IsEmpty());
    EXPECT_EQ(read.check, (StoreCheckSettings{1s, 500ms, "/minio/health/live?x=1"}));
    EXPECT_EQ(read.resolve_interval, 1min);
    EXPECT_EQ(read.tls.server_name, "s3.test");
    EXPECT_TRUE(read.tls.only_tls_1_3);
}

std::string seventeen() {
    std::string list;
    for (int i = 0; i < 17; ++i)
        list += "http://a:" + std::to_string(9000 + i) + ", ";
    return list;
}

struct FaultCase {
    const char* name;
    std::string yaml;
    const char* what;
};

const FaultCase fault_cases[] = {
    {"no_endpoint", "endpoints: []", "1 to 16 are needed"},
    {"endpoints_missing", "signing: passthrough", "1 to 16 are needed"},
    {"too_many", "endpoints: [" + seventeen() + "]", "1 to 16 are needed"},
    {"two_schemes", "endpoints: ['http://a', 'https://b']", "has another scheme than the first"},
    {"twice", "endpoints: ['http://a', 'http://A:80/']", "stands twice"},
    {"tls_without_https", "endpoints: ['http://a'], tls: {server_name: a}", "only https://"},
    {"ca_missing", "endpoints: ['https://a'], tls: {ca: none.pem}", "none.pem does not exist"},
    {"certificate_without_key", "endpoints: ['https://a'], tls: {certificate: /dev/null}", "belong together"},
    {"key_without_certificate", "endpoints: ['https://a'], tls: {key: /dev/null}", "belong together"},
    {"server_name_is_none", "endpoints: ['https://a'], tls: {server_name: '*.a'}",
     "neither a DNS name nor an IP address"},
    {"old_tls", "endpoints: ['https://a'], tls: {minimum_version: 1.1}", "is none of: 1.2, 1.3"},
    {"tls_unknown", "endpoints: ['https://a'], tls: {verify: false}", "unknown key 'verify'"},
    {"check_too_often", "endpoints: ['http://a'], health_check: {interval: 99ms}", "is outside"},
    {"check_without_end", "endpoints: ['http://a'], health_check: {timeout: 2m}", "is outside"},
    {"check_path_relative", "endpoints: ['http://a'], health_check: {path: health}", "is not a path"},
    {"check_path_smuggles", "endpoints: ['http://a'], health_check: {path: \"/a HTTP/1.1\\r\\nX: y\"}",
     "is not a path"},
    {"resolve_too_often", "endpoints: ['http://a'], resolve_interval: 0ms", "is outside"},
    {"unknown", "endpoints: ['http://a'], retries: 3", "unknown key 'retries'"},
};

class StoreFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(StoreFaults, are_told_with_their_place) {
    const auto faults = faults_of(GetParam().yaml);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_THAT(faults.front(), testing::StartsWith("gateway.yaml:1:"));
    EXPECT_THAT(faults.front(), testing::HasSubstr(GetParam().what));
}
INSTANTIATE_TEST_SUITE_P(table, StoreFaults, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
