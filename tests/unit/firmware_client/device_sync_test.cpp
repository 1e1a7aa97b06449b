#include "firmware-client/device_sync.h"

#include "firmware-client/device_key.h"
#include "firmware-client/json_document.h"
#include "pki/file.h"
#include "tests/unit/firmware_client/scratch_folder.h"
#include "tests/unit/firmware_client/scripted_stream.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

constexpr std::string_view configuration = R"({"general": {"device": {}, "security": {}},
  "connect": {"s3": {"sync": {"ota": 600, "heartbeat": 300, "logfiles": 1},
    "server": {"endpoint": "http://127.0.0.1", "port": 9000, "bucket": "fleet", "region": "",
      "request_style": 0, "accesskey": "AKID", "keyformat": 0, "secretkey": "s", "signed_payload": 0}}}})";

struct Lines final : Report {
    std::vector<std::string> lines;
    std::uint64_t last_index = 0;
    std::uint64_t last_count = 0;
    void uploaded(const std::string& key, const Receipt& receipt, std::chrono::milliseconds) override {
        lines.push_back(key + ' ' + std::to_string(receipt.bytes));
    }
    void present(const std::string& key) override { lines.push_back("present " + key); }
    void clock_set(std::chrono::seconds) override {}
    void trouble(const Error& error) override { lines.push_back("trouble " + error.message); }
    void progress(const UploadProgress& progress) override {
        last_index = progress.index;
        last_count = progress.count;
    }
};

struct Sync : testing::Test {
    ScratchFolder folder;
    Lines lines;
    std::optional<Device> device;

    void SetUp() override {
        folder.write("config-01.09.json", configuration);
        auto loaded = load_device(folder.path(), "AABBCCDD");
        ASSERT_TRUE(loaded) << loaded.error().message;
        device.emplace(std::move(*loaded));
    }
    std::filesystem::path log(const char* name, std::string_view content) {
        return folder.write(std::filesystem::path{"LOG/AABBCCDD"} / name, content);
    }
    /// Runs the queue against one connection; the error of the step that failed, if one did.
    std::optional<Error> run(ScriptedConnector& connector) {
        StoreClient store(device->settings.server, connector,
                          [] { return std::chrono::sys_seconds{std::chrono::seconds{1577836800}}; });
        DeviceSync sync(
            *device, store, [] { return std::chrono::sys_seconds{std::chrono::seconds{1577836800}}; }, lines);
        for (;;) {
            const auto more = sync.put_next_log();
            if (!more) return more.error();
            if (!*more) return std::nullopt;
        }
    }
};

TEST_F(Sync, uploads_oldest_first_and_deletes_each) {
    const auto second = log("00000002/00000001.MF4", "second");
    const auto first = log("00000001/00000007.MFC", "first");
    ScriptedConnector connector({Script{{answer_with("200 OK"), answer_with("200 OK")}}});
    EXPECT_FALSE(run(connector));
    EXPECT_FALSE(std::filesystem::exists(first));
    EXPECT_FALSE(std::filesystem::exists(second));
    EXPECT_EQ(lines.lines, (std::vector<std::string>{"AABBCCDD/00000001/00000007-5E0BE100.MFC 5",
                                                     "AABBCCDD/00000002/00000001-5E0BE100.MF4 6"}));
    EXPECT_EQ(lines.last_index, 2U);
    EXPECT_EQ(lines.last_count, 2U);
    EXPECT_NE(connector.written[0].find("x-amz-meta-put-index: 2\r\n"), std::string::npos);
}

struct KeepCase {
    const char* name;
    std::string answer;
    Fault fault;
};

const KeepCase keep_cases[] = {
    {"refused", error_with("403 Forbidden", "AccessDenied"), Fault::refused},
    {"store_down", error_with("503 Service Unavailable", "SlowDown"), Fault::store},
    {"cut", "HTTP/1.1 200 OK\r\n", Fault::network},
    {"other_bytes", answer_with("200 OK", "ETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\n"), Fault::store},
};

class Keep : public Sync, public testing::WithParamInterface<KeepCase> {};

TEST_P(Keep, the_file_without_a_confirmation) {
    const auto file = log("00000001/00000001.MF4", "content");
    ScriptedConnector connector({Script{{GetParam().answer}}});
    const auto error = run(connector);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->fault, GetParam().fault);
    EXPECT_TRUE(std::filesystem::exists(file));
    EXPECT_TRUE(lines.lines.empty());
}

INSTANTIATE_TEST_SUITE_P(table, Keep, testing::ValuesIn(keep_cases),
                         [](const auto& row) { return row.param.name; });

/// Appends to a file while it is on its way, as a logger that had not closed it would.
struct AppendingConnector final : Connector {
    ScriptedConnector inner{{Script{{answer_with("200 OK")}}}};
    std::filesystem::path file;
    Result<std::unique_ptr<ByteStream>> connect() override {
        std::ofstream(file, std::ios::app) << "more";
        return inner.connect();
    }
};

TEST_F(Sync, keeps_a_file_that_grew_meanwhile) {
    AppendingConnector connector;
    connector.file = log("00000001/00000001.MF4", "content");
    StoreClient store(device->settings.server, connector, [] { return std::chrono::sys_seconds{}; });
    DeviceSync sync(
        *device, store, [] { return std::chrono::sys_seconds{}; }, lines);
    const auto done = sync.put_next_log();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().fault, Fault::card);
    EXPECT_TRUE(std::filesystem::exists(connector.file));
}

TEST_F(Sync, puts_the_configuration_only_when_absent) {
    for (const bool there : {true, false}) {
        ScriptedConnector connector(
            {Script{{there ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : answer_with("404 Not Found"),
                     answer_with("200 OK")}}});
        StoreClient store(device->settings.server, connector, [] { return std::chrono::sys_seconds{}; });
        DeviceSync sync(
            *device, store, [] { return std::chrono::sys_seconds{}; }, lines);
        ASSERT_TRUE(sync.check_config());
        EXPECT_EQ(connector.written[0].find("PUT ") == std::string::npos, there);
        if (!there) {
            EXPECT_TRUE(connector.written[0].ends_with(configuration));
        }
    }
}

TEST_F(Sync, device_file_states_what_the_card_is) {
    ASSERT_TRUE(ensure_device_key(*device));
    folder.write("device.json", R"({"id": "AABBCCDD", "sd_info": "00", "hw_ver": "00.04/00.01",
                                    "fw_ver": "01.09.03", "unknown": 1})");
    auto again = load_device(folder.path(), "");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->id, "AABBCCDD");
    const auto text = write_device_file(*again);
    ASSERT_TRUE(text);
    EXPECT_EQ(*pki::read_file(folder.path() / "device.json", 65536), *text);
    const auto file = parse_json_object(*text, "device.json");
    ASSERT_TRUE(file);
    const auto value = [&](const char* key) { return std::string{file->at(key).as_string()}; };
    EXPECT_EQ(value("fw_ver"), "01.09.03");
    EXPECT_EQ(value("hw_ver"), "00.04/00.01");
    EXPECT_EQ(value("sd_info"), "00");
    EXPECT_EQ(value("cfg_crc32"), crc32_text(configuration));
    EXPECT_EQ(value("kpub"), *public_key_text(*again->key));
    EXPECT_EQ(value("kpub").size(), 88U);
    EXPECT_FALSE(file->contains("unknown"));
    EXPECT_TRUE(file->at("certs_server_sha1").as_array().empty());
}

TEST(Crc32, is_the_one_of_zlib) {
    EXPECT_EQ(crc32_text("123456789"), "CBF43926");
    EXPECT_EQ(crc32_text(""), "00000000");
}

}  // namespace
}  // namespace sallyport::device
