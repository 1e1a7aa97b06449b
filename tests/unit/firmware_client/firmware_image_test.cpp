#include "firmware-client/firmware_image.h"

#include "tests/support/temporary_folder.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

std::string number(std::uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
}

struct Parts {
    std::uint32_t magic = 0xBAADA555;
    std::string version = std::string("\1\x9\2", 3);
    std::string filler = std::string(100'000, 'x');
    std::string schema = R"({"s": 1})";
    std::string configuration = R"({"c": 1})";
};

std::string image(const Parts& parts = {}) {
    const auto start = static_cast<std::uint32_t>(firmware_header_bytes + parts.filler.size());
    std::string text = number(parts.magic) + parts.version;
    text.resize(24, '\0');
    text += number(start) + number(static_cast<std::uint32_t>(parts.schema.size()));
    text += number(start + static_cast<std::uint32_t>(parts.schema.size()));
    text += number(static_cast<std::uint32_t>(parts.configuration.size()));
    text.resize(firmware_header_bytes, '\0');
    return text + parts.filler + parts.schema + parts.configuration;
}

std::string patched(std::size_t at, std::string_view bytes) {
    std::string text = image();
    return text.replace(at, bytes.size(), bytes);
}

struct ImageCase {
    const char* name;
    std::string bytes;
    const char* fault;  ///< part of the message; nullptr: sound
};

/// Reference, section 8: a row for each field of the header.
const ImageCase image_cases[] = {
    {"8_sound", image(), nullptr},
    {"8_empty", "", "empty"},
    {"8_header_short", image().substr(0, 63), "shorter than its header"},
    {"8_offset_0_magic", patched(0, "\1"), "for another model"},
    {"8_offset_4_major", patched(4, "\x64"), "two digits"},
    {"8_offset_5_minor", patched(5, "\x64"), "two digits"},
    {"8_offset_6_patch", patched(6, "\xff"), "two digits"},
    {"8_offset_24_schema_in_header", patched(24, number(63)), "its schema cannot lie"},
    {"8_offset_24_schema_beyond", patched(24, number(0xFFFFFFFF)), "its schema cannot lie"},
    {"8_offset_28_schema_of_nothing", patched(28, number(0)), "its schema cannot lie"},
    {"8_offset_32_configuration_beyond", patched(32, number(0x7FFFFFFF)), "configuration cannot lie"},
    {"8_offset_36_configuration_huge", patched(36, number(0x00200000)), "configuration cannot lie"},
    {"8_cut_off", image().substr(0, image().size() - 1), "cut off"},
    {"8_schema_no_json", image({.schema = "nonsense"}), "schema"},
    {"8_configuration_no_json", image({.configuration = "[]"}), "configuration"},
    {"8_files_right_behind_the_header", image({.filler = ""}), nullptr},
};

class Image : public testing::TestWithParam<ImageCase> {};

TEST_P(Image, is_checked) {
    const test::TemporaryFolder folder;
    const auto path = folder.write("firmware.bin", GetParam().bytes);
    const auto read = read_firmware_image(path, {false, false});
    ASSERT_EQ(static_cast<bool>(read), GetParam().fault == nullptr) << (read ? "" : read.error().message);
    if (read) {
        EXPECT_EQ(read->header.version, "01.09.02");
        EXPECT_EQ(read->header.minor_version(), "01.09");
        EXPECT_EQ(read->schema, R"({"s": 1})");
        EXPECT_EQ(read->configuration, R"({"c": 1})");
    } else {
        EXPECT_EQ(read.error().fault, Fault::configuration);
        EXPECT_NE(read.error().message.find(GetParam().fault), std::string::npos) << read.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(table, Image, testing::ValuesIn(image_cases),
                         [](const auto& row) { return row.param.name; });

/// Reference, section 1: magic by model. A device takes its own and no other.
TEST(ImageMagic, magic_1_is_that_of_the_model) {
    struct {
        Model model;
        std::uint32_t magic;
    } const rows[] = {{{false, false}, 0xBAADA555},
                      {{false, true}, 0x7FD43111},
                      {{true, false}, 0xE670C727},
                      {{true, true}, 0xB74D1858}};
    for (const auto& own : rows) {
        for (const auto& other : rows) {
            const auto header = read_firmware_header(image({.magic = other.magic}).substr(0, 64), own.model);
            EXPECT_EQ(static_cast<bool>(header), own.magic == other.magic);
        }
    }
}

}  // namespace
}  // namespace sallyport::device
