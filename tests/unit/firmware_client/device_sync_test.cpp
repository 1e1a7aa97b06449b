#include "firmware-client/device_sync.h"

#include "firmware-client/device_key.h"
#include "firmware-client/json_document.h"
#include "firmware-client/log_uploads.h"
#include "pki/file.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/firmware_client/recorded_report.h"
#include "tests/unit/firmware_client/scripted_stream.h"
#include "tests/unit/firmware_client/small_configuration.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

std::chrono::sys_seconds at_2020() {
    return std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};
}

struct Sync : testing::Test {
    test::TemporaryFolder folder;
    Lines lines;
    std::optional<Device> device;

    void SetUp() override {
        folder.write("config-01.09.json", small_configuration);
        auto loaded = load("AABBCCDD");
        ASSERT_TRUE(loaded) << loaded.error().message;
        device.emplace(std::move(*loaded));
    }
    Result<Device> load(std::string_view id) {
        const auto card = find_card(folder.path());
        if (!card) return card.error();
        LastGood files(*card);
        return load_device(*card, files, id);
    }
    std::filesystem::path log(const char* name, std::string_view content) {
        return folder.write(std::filesystem::path{"LOG/AABBCCDD"} / name, content);
    }
    /// Runs the queue against one connection; the error of the step that failed, if one did.
    std::optional<Error> run(ScriptedConnector& connector) {
        StoreClient store(device->settings.server, connector, at_2020);
        DevicePuts puts(*device, store, at_2020, lines);
        LogUploads logs(*device, puts, lines);
        for (;;) {
            const auto more = logs.put_next();
            if (!more) return more.error();
            if (!*more) return std::nullopt;
        }
    }
};

TEST_F(Sync, uploads_oldest_first_and_deletes_each) {
    const auto second = log("00000002/00000001.MF4", "second");
    const auto first = log("00000001/00000007.MFC", "first");
    ScriptedConnector connector({Script{{stored_answer(), stored_answer()}}});
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
    {"not_a_store", answer_with("200 OK", "", "<html>Sign in</html>"), Fault::store},
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
    ScriptedConnector inner{{Script{{stored_answer(), stored_answer()}}}};
    std::filesystem::path file;
    Result<std::unique_ptr<ByteStream>> connect() override {
        std::ofstream(file, std::ios::app) << "more";
        return inner.connect();
    }
};

TEST_F(Sync, keeps_a_file_that_grew_meanwhile) {
    AppendingConnector connector;
    connector.file = log("00000001/00000001.MF4", "content");
    const auto next = log("00000001/00000002.MF4", "next");
    StoreClient store(device->settings.server, connector, at_2020);
    DevicePuts puts(*device, store, at_2020, lines);
    LogUploads logs(*device, puts, lines);
    EXPECT_TRUE(logs.put_next());
    EXPECT_TRUE(std::filesystem::exists(connector.file));
    EXPECT_NE(lines.lines.back().find("changed while it was uploaded"), std::string::npos);
    EXPECT_TRUE(*logs.put_next());
    EXPECT_FALSE(std::filesystem::exists(next)) << "it holds back no other";
    EXPECT_FALSE(*logs.put_next()) << "it is left alone for a while";
}

/// Deletes a file when the device connects: cyclic logging on a full card.
struct DeletingConnector final : Connector {
    ScriptedConnector inner{{Script{{stored_answer(), stored_answer()}}}};
    std::filesystem::path file;
    Result<std::unique_ptr<ByteStream>> connect() override {
        std::filesystem::remove(file);
        return inner.connect();
    }
};

TEST_F(Sync, cyclic_logging_may_delete_what_waits_2) {
    DeletingConnector connector;
    const auto first = log("00000001/00000001.MF4", "first");
    const auto second = log("00000001/00000002.MF4", "second");
    const auto third = log("00000001/00000003.MF4", "third");
    connector.file = first;  // while it is on its way
    StoreClient store(device->settings.server, connector, at_2020);
    DevicePuts puts(*device, store, at_2020, lines);
    LogUploads logs(*device, puts, lines);
    EXPECT_TRUE(*logs.put_next());
    std::filesystem::remove(second);  // while it waits
    EXPECT_TRUE(*logs.put_next());
    EXPECT_TRUE(*logs.put_next());
    EXPECT_FALSE(*logs.put_next());
    EXPECT_EQ(lines.lines, (std::vector<std::string>{"AABBCCDD/00000001/00000001-5E0BE100.MF4 5",
                                                     "AABBCCDD/00000001/00000003-5E0BE100.MF4 5"}));
    EXPECT_FALSE(std::filesystem::exists(third));
}

/// The store or a policy will not have one file, e.g. because it is too large.
TEST_F(Sync, a_forbidden_file_holds_back_no_other) {
    const auto first = log("00000001/00000001.MF4", "first");
    const auto second = log("00000001/00000002.MF4", "second");
    ScriptedConnector connector({Script{{error_with("403 Forbidden", "AccessDenied"), stored_answer(),
                                         error_with("400 Bad Request", "EntityTooLarge")}}});
    auto now = at_2020();
    const WallClock clock = [&now] { return now; };
    StoreClient store(device->settings.server, connector, clock);
    DevicePuts puts(*device, store, clock, lines);
    LogUploads logs(*device, puts, lines);
    EXPECT_EQ(logs.put_next().error().kind(), Trouble::policy) << "the queue waits";
    EXPECT_TRUE(*logs.put_next());
    EXPECT_FALSE(std::filesystem::exists(second));
    EXPECT_FALSE(*logs.put_next());
    now += std::chrono::minutes{5};
    EXPECT_FALSE(logs.put_next()) << "it is tried again";
    EXPECT_TRUE(std::filesystem::exists(first));
}

TEST_F(Sync, a_file_that_cannot_be_deleted_is_not_uploaded_again) {
    const auto file = log("00000001/00000001.MF4", "content");
    ScriptedConnector connector({Script{{stored_answer()}}});
    auto now = at_2020();
    const WallClock clock = [&now] { return now; };
    bool read_only = true;
    StoreClient store(device->settings.server, connector, clock);
    DevicePuts puts(*device, store, clock, lines);
    LogUploads logs(*device, puts, lines, [&](const std::filesystem::path& path, std::error_code& failure) {
        if (read_only) {
            failure = std::make_error_code(std::errc::read_only_file_system);
        } else {
            std::filesystem::remove(path, failure);
        }
    });
    for (int hours = 0; hours < 3; ++hours) {
        const auto more = logs.put_next();
        ASSERT_TRUE(more) << more.error().message;
        EXPECT_NE(lines.lines.back().find("cannot be deleted"), std::string::npos);
        EXPECT_FALSE(*logs.put_next());
        now += std::chrono::hours{1};
    }
    read_only = false;
    EXPECT_TRUE(*logs.put_next());
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_EQ(connector.written[0].find("PUT", 1), std::string::npos) << "once";
}

TEST_F(Sync, a_clock_that_is_set_back_leaves_no_file_behind) {
    AppendingConnector connector;
    connector.file = log("00000001/00000001.MF4", "content");
    auto now = at_2020() + std::chrono::years{50};
    const WallClock clock = [&now] { return now; };
    StoreClient store(device->settings.server, connector, clock);
    DevicePuts puts(*device, store, clock, lines);
    LogUploads logs(*device, puts, lines);
    EXPECT_TRUE(*logs.put_next());
    EXPECT_FALSE(*logs.put_next());
    now = at_2020();
    EXPECT_TRUE(*logs.put_next());
}

struct ConfigCase {
    const char* name;
    std::vector<std::string> answers;
    Next next;
    const char* fault;         ///< nullptr: none
    const char* last_request;  ///< its first word
};

std::string with_etag(const std::string& body, const std::string& etag) {
    return answer_with("200 OK", "ETag: \"" + etag + "\"\r\n", body);
}

std::string head_with_etag(const std::string& etag) {
    return "HTTP/1.1 200 OK\r\nETag: \"" + etag + "\"\r\nContent-Length: 9\r\n\r\n";
}

const std::string own{small_configuration};
const std::string other = own + "\n";
const std::string broken = own.substr(0, own.size() / 2);

/// A device that lost this file could not say any more who it is.
TEST_F(Sync, device_file_can_be_read_again_whatever_a_server_says) {
    ScriptedConnector connector({Script{{head_with_etag("a\xFF-1"), with_etag(broken, "a\xFF-1")}}});
    StoreClient store(device->settings.server, connector, at_2020);
    ObjectWatch watch(*device, store);
    DevicePuts puts(*device, store, at_2020, lines);
    DeviceSync sync(*device, watch, puts, lines);
    ASSERT_TRUE(create_device_key(folder.path() / "device.key"));
    device.emplace(std::move(*load("AABBCCDD")));
    EXPECT_FALSE(sync.check_config());
    device->status.judged["firmware.bin"] = {"b\xFF", "named \xC3"};
    const auto text = write_device_file(*device);
    ASSERT_TRUE(text);
    EXPECT_TRUE(parse_json_object(*text, "device.json"));
    EXPECT_TRUE(load("")) << "by the id of device.json";
}

/// Reference, 6.1: the row "config check".
const ConfigCase config_cases[] = {
    {"6_1_config_404_puts_own",
     {answer_with("404 Not Found"), stored_answer()},
     Next::period,
     nullptr,
     "PUT"},
    {"6_1_config_same_md5", {head_with_etag(md5_text(own))}, Next::period, nullptr, "HEAD"},
    {"6_1_config_same_bytes_by_get",
     {head_with_etag("a-1"), with_etag(own, "a-1")},
     Next::period,
     nullptr,
     "GET"},
    {"6_1_config_changed",
     {head_with_etag(md5_text(other)), with_etag(other, md5_text(other))},
     Next::restart,
     nullptr,
     "GET"},
    {"6_1_config_changed_multipart",
     {head_with_etag("a-2"), with_etag(other, "a-2")},
     Next::restart,
     nullptr,
     "GET"},
    {"3_3_config_invalid",
     {head_with_etag(md5_text(broken)), with_etag(broken, md5_text(broken))},
     Next::period,
     "config-01.09.json is not taken",
     "GET"},
    {"config_without_server",
     {head_with_etag("a-3"), with_etag("{\"general\": {}, \"connect\": {}}", "a-3")},
     Next::period,
     "is not taken",
     "GET"},
    {"config_damaged_on_the_way",
     {head_with_etag(md5_text(other)), with_etag(own + "x", md5_text(other))},
     Next::period,
     "other bytes than its ETag says",
     "GET"},
    {"config_gone_meanwhile",
     {head_with_etag("a-4"), answer_with("404 Not Found"), stored_answer()},
     Next::period,
     nullptr,
     "PUT"},
};

class ConfigCheck : public Sync, public testing::WithParamInterface<ConfigCase> {};

TEST_P(ConfigCheck, follows_the_server) {
    const auto& row = GetParam();
    ScriptedConnector connector({Script{row.answers}});
    StoreClient store(device->settings.server, connector, at_2020);
    ObjectWatch watch(*device, store);
    DevicePuts puts(*device, store, at_2020, lines);
    DeviceSync sync(*device, watch, puts, lines);
    const auto done = sync.check_config();
    ASSERT_EQ(static_cast<bool>(done), row.fault == nullptr) << (done ? "" : done.error().message);
    if (done) {
        EXPECT_EQ(*done, row.next);
    } else {
        EXPECT_NE(done.error().message.find(row.fault), std::string::npos) << done.error().message;
    }
    const bool replaced = done && *done == Next::restart;
    EXPECT_EQ(*pki::read_file(folder.path() / "config-01.09.json", 65536), replaced ? other : own);
    const std::string& written = connector.written[0];
    const auto last = written.rfind(" /fleet/");
    const auto word = written.substr(0, last).rfind('\n');
    EXPECT_EQ(written.substr(word + 1, last - word - 1).find(row.last_request), 0U) << written;
}

INSTANTIATE_TEST_SUITE_P(table, ConfigCheck, testing::ValuesIn(config_cases),
                         [](const auto& row) { return row.param.name; });

TEST_F(Sync, a_refused_configuration_is_not_fetched_again) {
    ScriptedConnector connector(
        {Script{{head_with_etag("a-1"), with_etag(broken, "a-1"), head_with_etag("a-1"),
                 head_with_etag("a-2"), with_etag(other, "a-2")}}});
    StoreClient store(device->settings.server, connector, at_2020);
    ObjectWatch watch(*device, store);
    DevicePuts puts(*device, store, at_2020, lines);
    DeviceSync sync(*device, watch, puts, lines);
    EXPECT_EQ(sync.check_config().error().trouble, Trouble::update_refused);
    EXPECT_EQ(sync.check_config().error().trouble, Trouble::update_refused);
    EXPECT_EQ(connector.written[0].find("GET "), connector.written[0].rfind("GET ")) << "one download";
    EXPECT_EQ(*sync.check_config(), Next::restart) << "until somebody replaces it";
}

TEST_F(Sync, device_file_states_what_the_card_is) {
    ASSERT_TRUE(ensure_device_key(*device));
    folder.write("device.json", R"({"id": "AABBCCDD", "sd_info": "00", "hw_ver": "00.04/00.01",
                                    "fw_ver": "01.09.03", "unknown": 1})");
    auto again = load("");
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
    EXPECT_EQ(value("cfg_crc32"), crc32_text(small_configuration));
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
