#include "firmware-client/settings.h"

#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

namespace json = boost::json;

constexpr std::string_view good = R"({
  "general": {"device": {"meta": "Truck 7"}, "security": {}, "debug": {"syslog": 1}},
  "log": {"file": {"split_size": 50}},
  "connect": {
    "wifi": {"mode": 0, "keyformat": 0, "accesspoint": [{"ssid": "depot-ap", "pwd": "p"}]},
    "protocol": 0,
    "s3": {
      "sync": {"ota": 600, "heartbeat": 300, "logfiles": 1},
      "server": {"endpoint": "https://gw.example.test", "port": 9443, "bucket": "fleet", "region": "eu-1",
                 "request_style": 0, "accesskey": "CE-AABBCCDD", "keyformat": 0, "secretkey": "s3cr3t !",
                 "signed_payload": 1}
    }
  }
})";

/// One change of the good configuration: the value at a JSON pointer is replaced, or removed when empty.
struct ChangeCase {
    const char* name;
    const char* pointer;
    const char* value;
    const char* fault;  ///< part of the message; nullptr: still accepted
};

#define SERVER "/connect/s3/server/"

const ChangeCase change_cases[] = {
    {"unchanged", SERVER "port", "9443", nullptr},
    {"http", SERVER "endpoint", "\"http://10.0.0.1\"", nullptr},
    {"trailing_slash", SERVER "endpoint", "\"https://gw/\"", nullptr},
    {"httpss", SERVER "endpoint", "\"httpss://gw\"", "connect.s3.server.endpoint: does not begin"},
    {"no_scheme", SERVER "endpoint", "\"gw\"", "endpoint: does not begin with"},
    {"path_in_endpoint", SERVER "endpoint", "\"https://gw/s3\"", "endpoint: has a path"},
    {"port_in_endpoint", SERVER "endpoint", "\"https://gw:1\"", "endpoint: has a port"},
    {"user_in_endpoint", SERVER "endpoint", "\"https://a@gw\"", "endpoint: has no valid host"},
    {"no_host", SERVER "endpoint", "\"https://\"", "endpoint: has no valid host"},
    {"no_endpoint", SERVER "endpoint", "", "endpoint: is not set: this device has no S3 server"},
    {"no_s3", "/connect/s3", "", "connect.s3: is missing"},
    {"no_connect", "/connect", "", "connect: is missing"},
    {"port_zero", SERVER "port", "0", "port: is not a whole number from 1 to 65535"},
    {"port_one", SERVER "port", "1", nullptr},
    {"port_65536", SERVER "port", "65536", "port: is not"},
    {"port_text", SERVER "port", "\"443\"", "port: is not a whole number"},
    {"port_missing", SERVER "port", "", "port: is missing"},
    {"bucket_upper_case", SERVER "bucket", "\"Fleet\"", "bucket: is not an S3 bucket name"},
    {"bucket_dotted_path_style", SERVER "bucket", "\"a.b.c\"", nullptr},
    {"region_empty", SERVER "region", "\"\"", nullptr},
    {"region_upper_case", SERVER "region", "\"EU\"", "region: has a character"},
    {"style_two", SERVER "request_style", "2", "request_style: is not"},
    {"accesskey_slash", SERVER "accesskey", "\"abc/d\"", "accesskey: has a character"},
    {"accesskey_short", SERVER "accesskey", "\"ab\"", "accesskey: is not 3 to 128"},
    {"secret_empty", SERVER "secretkey", "\"\"", "secretkey: is not 1 to 128"},
    {"secret_control", SERVER "secretkey", "\"a\\tb\"", "secretkey: the secret key is not"},
    {"encrypted_without_key", SERVER "keyformat", "1", "secretkey: is not 24 to 150"},
    {"unknown_server_key", SERVER "certificate", "1", "server.certificate: is not a known key"},
    {"unknown_sync_key", "/connect/s3/sync/x", "1", "sync.x: is not a known key"},
    {"unknown_connect_key", "/connect/x", "1", "connect.x: is not a known key"},
    {"unknown_elsewhere", "/log/x", "1", nullptr},
    {"ota_off", "/connect/s3/sync/ota", "0", nullptr},
    {"ota_not_multiple", "/connect/s3/sync/ota", "7", "ota: is not a multiple of 5"},
    {"ota_too_long", "/connect/s3/sync/ota", "86405", "ota: is not a whole number from 0 to 86400"},
    {"web_server", "/connect/protocol", "1", "protocol: is 1 (web server)"},
    {"no_protocol", "/connect/protocol", "", nullptr},
    {"no_wifi", "/connect/wifi", "", nullptr},
    {"ntp_pool", "/rtc", R"({"sync": 2, "ntp_server": "*.pool.ntp.org"})", nullptr},
    {"ntp_with_port", "/rtc", R"({"sync": 2, "ntp_server": "time:123"})", "ntp_server: is not a host name"},
    {"ntp_too_long", "/rtc", R"({"sync": 2, "ntp_server": "t123456789012345678901234567890.x"})",
     "ntp_server: is not 0 to 32"},
    {"ntp_when_the_network_sets_no_clock", "/rtc", R"({"sync": 0, "ntp_server": 7})", nullptr},
    {"meta_control", "/general/device/meta", "\"a\\r\\nb\"", "meta: has a character"},
};

std::string changed(const ChangeCase& row) {
    json::value document = json::parse(json::string_view{good.data(), good.size()});
    const std::string pointer = row.pointer;
    const std::size_t slash = pointer.rfind('/');
    json::value& parent = document.at_pointer(pointer.substr(0, slash));
    const std::string key = pointer.substr(slash + 1);
    if (*row.value == '\0') {
        parent.get_object().erase(key);
    } else {
        parent.get_object()[key] = json::parse(row.value);
    }
    return json::serialize(document);
}

class Settings : public testing::TestWithParam<ChangeCase> {};

TEST_P(Settings, name_each_fault) {
    const auto settings = read_settings(changed(GetParam()), "config-01.09.json", nullptr);
    ASSERT_EQ(static_cast<bool>(settings), GetParam().fault == nullptr)
        << (settings ? "accepted" : settings.error().message);
    if (!settings) {
        EXPECT_EQ(settings.error().fault, Fault::configuration);
        EXPECT_TRUE(settings.error().message.starts_with("config-01.09.json: ")) << settings.error().message;
        EXPECT_NE(settings.error().message.find(GetParam().fault), std::string::npos)
            << settings.error().message;
        EXPECT_EQ(settings.error().message.find("s3cr3t"), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(table, Settings, testing::ValuesIn(change_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Settings, take_every_value) {
    const auto settings = read_settings(good, "f", nullptr);
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->sync.ota, std::chrono::seconds{600});
    EXPECT_EQ(settings->sync.heartbeat, std::chrono::seconds{300});
    EXPECT_TRUE(settings->sync.logfiles);
    EXPECT_EQ(settings->meta, "Truck 7");
    EXPECT_EQ(settings->ssid, "depot-ap");
    EXPECT_FALSE(settings->model.cellular);
    const ServerSettings& server = settings->server;
    EXPECT_TRUE(server.tls);
    EXPECT_EQ(server.host_header(), "gw.example.test:9443");
    EXPECT_EQ(server.bucket, "fleet");
    EXPECT_EQ(server.region, "eu-1");
    EXPECT_EQ(server.access_key.text(), "CE-AABBCCDD");
    EXPECT_EQ(server.secret_key.reveal(), "s3cr3t !");
    EXPECT_TRUE(server.signed_payload);
}

TEST(Settings, host_header_has_a_port_only_when_needed) {
    const auto with = [](const char* pointer, const char* value) {
        return changed({"", pointer, value, nullptr});
    };
    EXPECT_EQ(read_settings(with(SERVER "port", "443"), "f", nullptr)->server.host_header(),
              "gw.example.test");
    EXPECT_EQ(read_settings(with(SERVER "port", "80"), "f", nullptr)->server.host_header(),
              "gw.example.test:80");
    EXPECT_EQ(read_settings(with(SERVER "request_style", "1"), "f", nullptr)->server.host_header(),
              "fleet.gw.example.test:9443");
    EXPECT_EQ(read_settings(with(SERVER "region", "\"\""), "f", nullptr)->server.region, "us-east-1");
}

}  // namespace
}  // namespace sallyport::device
