#include "firmware-client/recorder.h"

#include "pki/file.h"
#include "tests/support/temporary_folder.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

constexpr std::chrono::sys_seconds at_2020 = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};

std::uint64_t number_at(const std::string& bytes, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i-- > 0;)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

struct Recorder : testing::Test {
    test::TemporaryFolder folder;
    Card card{folder.path(), "01.09"};
    RecordPlan plan{1, 1000, "MF4"};

    bool has(const char* name) { return is_present(folder.path() / "LOG/AABBCCDD" / name); }
};

/// Reference, section 2: what a body needs for the tools.
TEST_F(Recorder, header_2_satisfies_the_tools) {
    ASSERT_TRUE(record_log_files(card, "AABBCCDD", plan, at_2020));
    const auto text = pki::read_file(folder.path() / "LOG/AABBCCDD/00000001/00000001.MF4", 1 << 20);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->size(), 1000U);
    EXPECT_EQ(text->substr(0, 16), "MDF     4.11    ");
    EXPECT_EQ(text->substr(16, 7), "CE     ");
    EXPECT_LT(number_at(*text, 88) + 48, text->size());
    EXPECT_LT(number_at(*text, static_cast<std::size_t>(number_at(*text, 88)) + 40), text->size());
    EXPECT_EQ(number_at(*text, 136), 1'577'836'800'000'000'000U);
}

TEST_F(Recorder, session_2_counts_power_cycles) {
    ASSERT_TRUE(record_log_files(card, "AABBCCDD", {2, 300, "MF4"}, at_2020));
    ASSERT_TRUE(record_log_files(card, "AABBCCDD", {1, 300, "MFM"}, at_2020));
    EXPECT_TRUE(has("00000001/00000001.MF4") && has("00000001/00000002.MF4"));
    EXPECT_TRUE(has("00000002/00000001.MFM")) << "splits begin at 1 again";
    folder.write("meta/meta_log.json", R"({"session": 77})");
    ASSERT_TRUE(record_log_files(card, "AABBCCDD", plan, at_2020));
    EXPECT_TRUE(has("00000077/00000001.MF4"));
    EXPECT_FALSE(is_present(folder.path() / "meta")) << "read once";
    folder.write("meta/meta_log.json", R"({"session": "x"})");
    EXPECT_EQ(*begin_session(card, "AABBCCDD"), 78U);
}

TEST_F(Recorder, session_2_has_256_splits) {
    ASSERT_TRUE(record_log_files(card, "AABBCCDD", {257, least_log_bytes, "MF4"}, at_2020));
    EXPECT_TRUE(has("00000001/00000256.MF4"));
    EXPECT_FALSE(has("00000001/00000257.MF4"));
    EXPECT_TRUE(has("00000002/00000001.MF4"));
}

TEST_F(Recorder, refuses_impossible_sizes) {
    for (const std::uint64_t bytes : {std::uint64_t{0}, least_log_bytes - 1, std::uint64_t{512'000'001}}) {
        plan.file_bytes = bytes;
        EXPECT_FALSE(record_log_files(card, "AABBCCDD", plan, at_2020));
    }
}

}  // namespace
}  // namespace sallyport::device
