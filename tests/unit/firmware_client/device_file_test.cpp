#include "firmware-client/device.h"
#include "firmware-client/device_key.h"
#include "firmware-client/json_document.h"
#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"

#include <regex>
#include <string>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

/// What tells the models apart in a configuration.
enum class Radio { wifi, cellular };

std::string configuration(Radio radio, bool gnss) {
    const std::string connect = radio == Radio::cellular ? R"("cellular": {}, )" : "";
    return std::string{R"({"general": {"device": {"meta": "Truck 7"}, "security": {}}, )"} +
           (gnss ? R"("gnss": {}, )" : "") + R"("connect": {)" + connect +
           R"("s3": {"sync": {"ota": 600, "heartbeat": 300, "logfiles": 1},
               "server": {"endpoint": "http://127.0.0.1", "port": 9000, "bucket": "fleet", "region": "",
                 "request_style": 0, "accesskey": "AKID", "keyformat": 0, "secretkey": "s",
                 "signed_payload": 0}}}})";
}

/// What the hardware left in the last device.json.
constexpr std::string_view last_file = R"({"id": "AABBCCDD", "fw_ver": "01.09.03", "hw_ver": "00.03/00.00",
    "sd_info": "00035344534130384780134900000001", "sd_used_lifespan": "1", "wifi_fw_ver": "19.7.7/19.7.7",
    "wifi_mac": "60-8A-10-00-00-01", "gnss_fw_ver": "1.2", "cellular_fw_ver": "3.4", "cellular_iccid": "89",
    "cellular_imei": "35"})";

boost::json::object device_file(Radio radio, bool gnss) {
    test::TemporaryFolder folder;
    folder.write("config-01.09.json", configuration(radio, gnss));
    folder.write("device.json", last_file);
    const Card card = find_card(folder.path()).value();
    LastGood files(card);
    Device device = std::move(load_device(card, files, "").value());
    EXPECT_TRUE(ensure_device_key(device));
    device.trusted.push_back(test::certificate({.common_name = "Root"}, test::key(0)));
    return parse_json_object(write_device_file(device).value(), "device.json").value();
}

struct FieldCase {
    const char* name;
    const char* field;
    const char* pattern;  ///< of its value as JSON
};

/// Reference, section 5: a row for each field.
const FieldCase field_cases[] = {
    {"5_id", "id", R"re("AABBCCDD")re"},
    {"5_type", "type", R"re("[0-9A-F]{8}")re"},
    {"5_kpub", "kpub", R"re("[A-Za-z0-9+/]{86}==")re"},
    {"5_fw_ver", "fw_ver", R"re("01\.09\.03")re"},
    {"5_hw_ver", "hw_ver", R"re("00\.03/00\.00")re"},
    {"5_cfg_ver", "cfg_ver", R"re("01\.09")re"},
    {"5_cfg_name", "cfg_name", R"re("config-01\.09\.json")re"},
    {"5_cfg_crc32", "cfg_crc32", R"re("[0-9A-F]{8}")re"},
    {"5_sch_name", "sch_name", R"re("schema-01\.09\.json")re"},
    {"5_log_meta", "log_meta", R"re("Truck 7")re"},
    {"5_space_used_mb", "space_used_mb", R"re("[0-9]+/[0-9]+")re"},
    {"5_sd_info", "sd_info", R"re("[0-9A-F]{32}")re"},
    {"5_sd_used_lifespan", "sd_used_lifespan", R"re("1")re"},
    {"5_reset_cause", "reset_cause", R"re("")re"},
    {"5_wifi_fw_ver", "wifi_fw_ver", R"re("19\.7\.7/19\.7\.7")re"},
    {"5_wifi_mac", "wifi_mac", R"re("60-8A-10-00-00-01")re"},
    {"5_gnss_fw_ver", "gnss_fw_ver", R"re("1\.2")re"},
    {"5_cellular_fw_ver", "cellular_fw_ver", R"re("3\.4")re"},
    {"5_cellular_iccid", "cellular_iccid", R"re("89")re"},
    {"5_cellular_imei", "cellular_imei", R"re("35")re"},
    {"5_certs_server_sha1", "certs_server_sha1", R"re(\["[0-9A-F]{40}"\])re"},
};

class DeviceFileField : public testing::TestWithParam<FieldCase> {};

TEST_P(DeviceFileField, is_written) {
    const auto file = device_file(Radio::wifi, false);
    const auto* const value = file.if_contains(GetParam().field);
    ASSERT_NE(value, nullptr);
    std::string text = boost::json::serialize(*value);
    for (auto at = text.find("\\/"); at != std::string::npos; at = text.find("\\/"))
        text.erase(at, 1);
    EXPECT_TRUE(std::regex_match(text, std::regex{GetParam().pattern})) << text;
}

INSTANTIATE_TEST_SUITE_P(table, DeviceFileField, testing::ValuesIn(field_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DeviceFile, has_certs_server_md5_5_where_the_radio_is_cellular) {
    const auto file = device_file(Radio::cellular, true);
    EXPECT_FALSE(file.contains("certs_server_sha1"));
    EXPECT_EQ(file.at("certs_server_md5").as_array().at(0).as_string().size(), 32U);
}

struct TypeCase {
    const char* name;
    Radio radio;
    bool gnss;
    const char* type;
};

/// Reference, section 1: the models with S3.
const TypeCase type_cases[] = {
    {"1_type_canedge2", Radio::wifi, false, "0000001F"},
    {"1_type_canedge2_gnss", Radio::wifi, true, "0000005F"},
    {"1_type_canedge3", Radio::cellular, false, "0000003D"},
    {"1_type_canedge3_gnss", Radio::cellular, true, "0000007D"},
};

class DeviceType : public testing::TestWithParam<TypeCase> {};

TEST_P(DeviceType, is_that_of_the_model) {
    EXPECT_EQ(device_file(GetParam().radio, GetParam().gnss).at("type").as_string(), GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(table, DeviceType, testing::ValuesIn(type_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::device
