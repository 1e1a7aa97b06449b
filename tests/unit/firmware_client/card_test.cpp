#include "firmware-client/card.h"

#include "firmware-client/body.h"
#include "tests/support/temporary_folder.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

TEST(Card, has_the_highest_configuration) {
    const test::TemporaryFolder folder;
    EXPECT_FALSE(open_card(folder.path()));
    folder.write("config-1.9.json", "");
    folder.write("config-01.09.json.bak", "");
    folder.write("config-0a.09.json", "");
    const auto none = open_card(folder.path());
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().fault, Fault::configuration);
    folder.write("config-01.09.json", "");
    folder.write("config-01.10.json", "");
    folder.write("config-00.99.json", "");
    const auto card = open_card(folder.path());
    ASSERT_TRUE(card);
    EXPECT_EQ(card->config_name(), "config-01.10.json");
    EXPECT_EQ(card->schema_name(), "schema-01.10.json");
    EXPECT_FALSE(open_card(folder.path() / "none"));
}

TEST(Card, is_locked_by_one) {
    const test::TemporaryFolder folder;
    const Card card{folder.path(), "01.09"};
    {
        const auto first = lock_card(card);
        ASSERT_TRUE(first);
        EXPECT_FALSE(lock_card(card));
    }
    EXPECT_TRUE(lock_card(card));
}

TEST(DeviceId, is_8_upper_case_hex_digits) {
    EXPECT_TRUE(is_device_id("0A1B2C3D"));
    for (const char* text : {"", "0A1B2C3", "0A1B2C3D4", "0a1b2c3d", "0A1B2C3G", "0A1B2C/D"}) {
        EXPECT_FALSE(is_device_id(text)) << text;
    }
}

TEST(LogFile, key_carries_the_upload_time) {
    const LogFile file{"", "00000004", "00000189", "MF4", 0};
    EXPECT_EQ(file.object_key("AABBCCDD", 1577836800), "AABBCCDD/00000004/00000189-5E0BE100.MF4");
}

TEST(LogQueue, is_oldest_first_and_takes_log_files_only) {
    const test::TemporaryFolder folder;
    const Card card{folder.path(), "01.09"};
    const auto empty = scan_log_files(card, "AABBCCDD", 10);
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->count, 0U);

    for (const char* name : {"00000010/00000001.MF4", "00000002/00000010.MFC", "00000002/00000009.MFE",
                             "00000002/00000009.MF4"}) {
        folder.write(std::filesystem::path{"LOG/AABBCCDD"} / name, "12345");
    }
    folder.write("LOG/AABBCCDD/00000002/0000001.MF4", "");
    folder.write("LOG/AABBCCDD/00000002/00000001.mf4", "");
    folder.write("LOG/AABBCCDD/00000002/00000001.TXT", "");
    folder.write("LOG/AABBCCDD/0000002/00000001.MF4", "");
    folder.write("LOG/FFFFFFFF/00000001/00000001.MF4", "");
    const auto outside = folder.write("secret", "s");
    std::filesystem::create_symlink(outside, folder.path() / "LOG/AABBCCDD/00000002/00000003.MF4");

    const auto queue = scan_log_files(card, "AABBCCDD", 10);
    ASSERT_TRUE(queue);
    EXPECT_EQ(queue->count, 4U);
    EXPECT_EQ(queue->bytes, 20U);
    EXPECT_EQ(queue->ignored, 4U);
    std::vector<std::string> names;
    for (const LogFile& file : queue->files)
        names.push_back(file.object_key("I", 0));
    EXPECT_EQ(names, (std::vector<std::string>{
                         "I/00000002/00000009-00000000.MF4", "I/00000002/00000009-00000000.MFE",
                         "I/00000002/00000010-00000000.MFC", "I/00000010/00000001-00000000.MF4"}));

    std::filesystem::create_directory_symlink(folder.path() / "LOG/AABBCCDD", folder.path() / "LOG/11111111");
    EXPECT_EQ(scan_log_files(card, "11111111", 10)->count, 0U) << "a link could point out of the card";
    std::filesystem::create_directories(folder.path() / "other");
    std::filesystem::create_directory_symlink(folder.path() / "LOG", folder.path() / "other/LOG");
    EXPECT_EQ(scan_log_files({folder.path() / "other", "01.09"}, "AABBCCDD", 10)->count, 0U);

    const auto oldest = scan_log_files(card, "AABBCCDD", 2);
    ASSERT_TRUE(oldest);
    EXPECT_EQ(oldest->count, 4U);
    ASSERT_EQ(oldest->files.size(), 2U);
    EXPECT_EQ(oldest->files[1].extension, "MFE");
}

/// A device has 32 bits: sizes must not be counted in them.
TEST(Card, log_file_may_be_larger_than_4_gib) {
    const test::TemporaryFolder folder;
    const auto path = folder.write("LOG/AABBCCDD/00000001/00000001.MF4", "");
    constexpr std::uint64_t bytes = (std::uint64_t{4} << 30) + 3;
    std::filesystem::resize_file(path, bytes - 1);  // a hole
    std::ofstream(path, std::ios::app) << '!';
    const auto queue = scan_log_files({folder.path(), "01.09"}, "AABBCCDD", 10);
    ASSERT_TRUE(queue);
    EXPECT_EQ(queue->bytes, bytes);

    std::vector<std::byte> buffer(64 << 20);
    auto body = FileBody::open(path, buffer);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->size(), bytes);
    std::uint64_t read = 0;
    std::byte last{};
    for (;;) {
        const auto block = body->next();
        ASSERT_TRUE(block) << block.error().message;
        if (block->empty()) break;
        read += block->size();
        last = block->back();
    }
    EXPECT_EQ(read, bytes);
    EXPECT_EQ(last, std::byte{'!'});
}

}  // namespace
}  // namespace sallyport::device
