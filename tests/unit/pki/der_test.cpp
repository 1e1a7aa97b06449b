#include "pki/der.h"

#include "tests/support/certificates.h"
#include "tests/support/der_writer.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::bytes;
using test::octets;

std::string text_of(Bytes content) {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

struct ElementCase {
    const char* name;
    std::string encoding;
    int content;  ///< its size; -1: no element
};

const ElementCase element_cases[] = {
    {"empty_content", octets({0x05, 0x00}), 0},
    {"short_length", octets({0x04, 0x01, 0xAA}), 1},
    {"short_length_largest", octets({0x04, 0x7F}) + std::string(127, 'x'), 127},
    {"long_length_smallest", octets({0x04, 0x81, 0x80}) + std::string(128, 'x'), 128},
    {"long_length_for_a_short_one", octets({0x04, 0x81, 0x7F}) + std::string(127, 'x'), -1},
    {"two_octets_smallest", octets({0x04, 0x82, 0x01, 0x00}) + std::string(256, 'x'), 256},
    {"two_octets_for_one", octets({0x04, 0x82, 0x00, 0xFF}) + std::string(255, 'x'), -1},
    {"four_octets", octets({0x04, 0x84, 0x01, 0x00, 0x00, 0x00}) + std::string(1U << 24U, 'x'), 1 << 24},
    {"five_octets", octets({0x04, 0x85, 0x01, 0x00, 0x00, 0x00, 0x00}) + std::string(8, 'x'), -1},
    {"indefinite_length", octets({0x30, 0x80, 0x00, 0x00}), -1},
    {"reserved_length", octets({0x04, 0xFF}) + std::string(200, 'x'), -1},
    {"content_cut", octets({0x04, 0x02, 0xAA}), -1},
    {"long_content_cut", octets({0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF}) + std::string(8, 'x'), -1},
    {"length_cut", octets({0x04, 0x82, 0x01}), -1},
    {"length_missing", octets({0x04}), -1},
    {"nothing", "", -1},
    {"long_identifier", octets({0x1F, 0x81, 0x00, 0x00}), -1},
    {"long_context_identifier", octets({0xBF, 0x20, 0x00}), -1},
    {"context_identifier", octets({0xBE, 0x00}), 0},
};

class Element : public testing::TestWithParam<ElementCase> {};

TEST_P(Element, needs_definite_minimal_lengths) {
    DerReader reader(bytes(GetParam().encoding));
    const auto element = reader.next();
    ASSERT_EQ(element.has_value(), GetParam().content >= 0);
    if (!element) return;
    EXPECT_EQ(static_cast<int>(element->content.size()), GetParam().content);
    EXPECT_EQ(element->whole.size(), GetParam().encoding.size());
    EXPECT_TRUE(reader.at_end());
    EXPECT_FALSE(reader.next());
}
INSTANTIATE_TEST_SUITE_P(table, Element, testing::ValuesIn(element_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DerReader, walks_one_level) {
    const std::string encoding = test::integer("\x01") + test::sequence({test::integer("\x02")}) + "\x05";
    DerReader reader(bytes(encoding));
    EXPECT_EQ(reader.peek(), Tag::integer);
    EXPECT_FALSE(reader.next(Tag::sequence)) << "another tag is left alone";
    EXPECT_EQ(text_of(reader.next(Tag::integer)->content), "\x01");
    const auto inner = reader.next(Tag::sequence);
    ASSERT_TRUE(inner);
    EXPECT_EQ(text_of(inner->content), test::integer("\x02"));
    EXPECT_EQ(text_of(inner->whole), test::sequence({test::integer("\x02")}));
    EXPECT_FALSE(reader.at_end());
    EXPECT_FALSE(reader.next()) << "a rest that is no element";
}

TEST(DerReader, reads_no_byte_beyond_the_end) {
    const std::string whole = test::sequence({test::octet_string(std::string(300, 'x'))});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string cut = whole.substr(0, size);  // a copy: a sanitizer sees what is behind it
        EXPECT_FALSE(DerReader(bytes(cut)).next()) << size;
    }
}

struct IntegerCase {
    const char* name;
    std::string content;
    std::string minimal;
};

const IntegerCase integer_cases[] = {
    {"empty", "", ""},
    {"zero", octets({0}), octets({0})},
    {"zeros", octets({0, 0, 0}), octets({0})},
    {"small", octets({0x05}), octets({0x05})},
    {"leading_zero", octets({0, 0x05}), octets({0x05})},
    {"leading_zeros", octets({0, 0, 0, 0x7F}), octets({0x7F})},
    {"sign_octet_stays", octets({0, 0x80}), octets({0, 0x80})},
    {"two_zeros_before_a_sign_bit", octets({0, 0, 0x80}), octets({0, 0x80})},
    {"minus_one", octets({0xFF}), octets({0xFF})},
    {"minus_one_longer", octets({0xFF, 0xFF, 0xFF}), octets({0xFF})},
    {"minus_128_longer", octets({0xFF, 0x80}), octets({0x80})},
    {"minus_129", octets({0xFF, 0x7F}), octets({0xFF, 0x7F})},
    {"zero_within", octets({0x01, 0, 0}), octets({0x01, 0, 0})},
};

class MinimalInteger : public testing::TestWithParam<IntegerCase> {};

TEST_P(MinimalInteger, keeps_the_number_and_its_sign) {
    EXPECT_EQ(text_of(minimal_integer(bytes(GetParam().content))), GetParam().minimal);
}
INSTANTIATE_TEST_SUITE_P(table, MinimalInteger, testing::ValuesIn(integer_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
