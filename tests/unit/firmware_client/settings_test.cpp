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
    {"3_1_endpoint_http", SERVER "endpoint", "\"http://10.0.0.1\"", nullptr},
    {"3_1_endpoint_trailing_slash", SERVER "endpoint", "\"https://gw/\"", nullptr},
    {"3_1_endpoint_httpss", SERVER "endpoint", "\"httpss://gw\"",
     "connect.s3.server.endpoint: does not begin"},
    {"3_1_endpoint_no_scheme", SERVER "endpoint", "\"gw\"", "endpoint: does not begin with"},
    {"3_1_endpoint_with_path", SERVER "endpoint", "\"https://gw/s3\"", "endpoint: has a path"},
    {"3_1_endpoint_with_port", SERVER "endpoint", "\"https://gw:1\"", "endpoint: has a port"},
    {"3_1_endpoint_with_user", SERVER "endpoint", "\"https://a@gw\"", "endpoint: has no valid host"},
    {"3_1_endpoint_no_host", SERVER "endpoint", "\"https://\"", "endpoint: has no valid host"},
    {"3_1_endpoint_absent", SERVER "endpoint", "", "endpoint: is not set: this device has no S3 server"},
    {"3_1_s3_absent", "/connect/s3", "", "connect.s3: is missing"},
    {"no_connect", "/connect", "", "connect: is missing"},
    {"3_1_port_0", SERVER "port", "0", "port: is not a whole number from 1 to 65535"},
    {"3_1_port_1", SERVER "port", "1", nullptr},
    {"3_1_port_65536", SERVER "port", "65536", "port: is not"},
    {"3_1_port_text", SERVER "port", "\"443\"", "port: is not a whole number"},
    {"3_1_port_missing", SERVER "port", "", "port: is missing"},
    {"3_1_bucket_upper_case", SERVER "bucket", "\"Fleet\"", "bucket: is not an S3 bucket name"},
    {"3_1_bucket_dotted_path_style", SERVER "bucket", "\"a.b.c\"", nullptr},
    {"3_1_region_empty", SERVER "region", "\"\"", nullptr},
    {"3_1_region_upper_case", SERVER "region", "\"EU\"", "region: has a character"},
    {"3_1_request_style_2", SERVER "request_style", "2", "request_style: is not"},
    {"3_1_accesskey_slash", SERVER "accesskey", "\"abc/d\"", "accesskey: has a character"},
    {"3_1_accesskey_2", SERVER "accesskey", "\"ab\"", "accesskey: is not 3 to 128"},
    {"3_1_secretkey_empty", SERVER "secretkey", "\"\"", "secretkey: is not 1 to 128"},
    {"3_1_secretkey_control", SERVER "secretkey", "\"a\\tb\"", "secretkey: the secret key is not"},
    {"3_1_keyformat_1_secret_too_short", SERVER "keyformat", "1", "secretkey: is not 24 to 150"},
    {"3_1_no_other_key_in_server", SERVER "certificate", "1", "server.certificate: is not a known key"},
    {"3_1_no_other_key_in_sync", "/connect/s3/sync/x", "1", "sync.x: is not a known key"},
    {"3_1_no_other_key_in_connect", "/connect/x", "1", "connect.x: is not a known key"},
    {"unknown_elsewhere", "/log/x", "1", nullptr},
    {"3_1_ota_0", "/connect/s3/sync/ota", "0", nullptr},
    {"3_1_ota_7", "/connect/s3/sync/ota", "7", "ota: is not a multiple of 5"},
    {"3_1_ota_86405", "/connect/s3/sync/ota", "86405", "ota: is not a whole number from 0 to 86400"},
    {"3_1_protocol_1", "/connect/protocol", "1", "protocol: is 1 (web server)"},
    {"3_1_protocol_absent", "/connect/protocol", "", nullptr},
    {"no_wifi", "/connect/wifi", "", nullptr},
    {"3_2_ntp_server_pool", "/rtc", R"({"sync": 2, "ntp_server": "*.pool.ntp.org"})", nullptr},
    {"3_2_ntp_server_with_port", "/rtc", R"({"sync": 2, "ntp_server": "time:123"})",
     "ntp_server: is not a host name"},
    {"3_2_ntp_server_33", "/rtc", R"({"sync": 2, "ntp_server": "t123456789012345678901234567890.x"})",
     "ntp_server: is not 0 to 32"},
    {"3_2_rtc_sync_0_needs_no_ntp_server", "/rtc", R"({"sync": 0, "ntp_server": 7})", nullptr},
    {"3_2_meta_control", "/general/device/meta", "\"a\\r\\nb\"", "meta: has a character"},
    {"3_2_meta_30", "/general/device/meta", "\"012345678901234567890123456789\"", nullptr},
    {"3_2_meta_31", "/general/device/meta", "\"0123456789012345678901234567890\"", "meta: is not 0 to 30"},
    {"3_2_restart_timer_168", "/general/debug", R"({"restart_timer": 168})", nullptr},
    {"3_2_restart_timer_169", "/general/debug", R"({"restart_timer": 169})", "restart_timer: is not"},
    {"3_2_rtc_sync_4", "/rtc", R"({"sync": 4})", "rtc.sync: is not"},
    {"3_1_ota_86400", "/connect/s3/sync/ota", "86400", nullptr},
    {"3_1_ota_missing", "/connect/s3/sync/ota", "", "ota: is missing"},
    {"3_1_heartbeat_0", "/connect/s3/sync/heartbeat", "0", nullptr},
    {"3_1_heartbeat_7", "/connect/s3/sync/heartbeat", "7", "heartbeat: is not a multiple of 5"},
    {"3_1_heartbeat_86405", "/connect/s3/sync/heartbeat", "86405", "heartbeat: is not"},
    {"3_1_heartbeat_missing", "/connect/s3/sync/heartbeat", "", "heartbeat: is missing"},
    {"3_1_logfiles_2", "/connect/s3/sync/logfiles", "2", "logfiles: is not"},
    {"3_1_logfiles_missing", "/connect/s3/sync/logfiles", "", "logfiles: is missing"},
    {"3_1_protocol_2", "/connect/protocol", "2", "protocol: is not"},
    {"3_1_endpoint_needs_bucket", SERVER "bucket", "", "bucket: is missing"},
    {"3_1_endpoint_needs_region", SERVER "region", "", "region: is missing"},
    {"3_1_endpoint_needs_request_style", SERVER "request_style", "", "request_style: is missing"},
    {"3_1_endpoint_needs_accesskey", SERVER "accesskey", "", "accesskey: is missing"},
    {"3_1_endpoint_needs_keyformat", SERVER "keyformat", "", "keyformat: is missing"},
    {"3_1_endpoint_needs_secretkey", SERVER "secretkey", "", "secretkey: is missing"},
    {"3_1_endpoint_needs_signed_payload", SERVER "signed_payload", "", "signed_payload: is missing"},
    {"3_1_endpoint_ipv6", SERVER "endpoint", "\"https://[::1]\"", "endpoint: has a port"},
    {"3_1_region_32", SERVER "region", "\"abcdefghijklmnopqrstuvwxyz-01234\"", nullptr},
    {"3_1_region_33", SERVER "region", "\"abcdefghijklmnopqrstuvwxyz-012345\"", "region: is not 0 to 32"},
    {"3_1_bucket_2", SERVER "bucket", "\"ab\"", "bucket: is not an S3 bucket name"},
    {"3_1_accesskey_3", SERVER "accesskey", "\"a_-\"", nullptr},
    {"3_1_keyformat_2", SERVER "keyformat", "2", "keyformat: is not"},
    {"3_1_secretkey_printable", SERVER "secretkey", R"(" !~/+=")", nullptr},
    {"3_1_signed_payload_2", SERVER "signed_payload", "2", "signed_payload: is not"},
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
