#include "gateway/json_line.h"

#include <limits>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

TEST(JsonLine, writes_members_in_the_order_in_which_they_come) {
    JsonLine line;
    line.add("text", "two words");
    line.add("yes", true);
    line.add("no", false);
    line.add("most", std::numeric_limits<std::int64_t>::max());
    line.add("least", -5);
    line.add("part", 0.25);
    EXPECT_EQ(
        line.finish(),
        R"({"text":"two words","yes":true,"no":false,"most":9223372036854775807,"least":-5,"part":0.25})");
}

TEST(JsonLine, may_be_empty) {
    JsonLine line;
    EXPECT_EQ(line.finish(), "{}");
}

struct Span {
    std::chrono::nanoseconds span;
    std::string_view written;
};

TEST(JsonLine, writes_milliseconds_to_the_microsecond) {
    const Span cases[] = {
        {0ns, "0.000"}, {999ns, "0.000"}, {1us, "0.001"}, {12345678ns, "12.345"}, {1h, "3600000.000"}};
    for (const auto& [span, written] : cases) {
        JsonLine line;
        line.add_milliseconds("ms", span);
        EXPECT_EQ(line.finish(), "{\"ms\":" + std::string(written) + "}");
    }
}

/// Another reader of JSON sees the same text, whatever bytes it holds.
TEST(JsonLine, escapes_what_would_end_a_text) {
    std::string all_ascii;
    for (char c = 0; c < 0x7F; ++c)
        all_ascii += c;
    const std::string texts[] = {
        "", "\"", "\\", "a\"b\\c", "\r\n\t", "\xC3\xA9", "{\"a\":1}", all_ascii, std::string(5000, '"')};
    for (const std::string& text : texts) {
        JsonLine line;
        line.add("text", text);
        const std::string written(line.finish());
        EXPECT_EQ(written.find('\n'), written.npos);
        EXPECT_EQ(json::parse(written).at("text").as_string(), text);
    }
}

}  // namespace
}  // namespace sallyport::gateway
