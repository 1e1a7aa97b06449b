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

/// Foreign bytes: what a terminal or a reader of lines would obey, and what is not UTF-8 (RFC 3629 3, 4).
TEST(JsonLine, writes_foreign_bytes_as_text) {
    struct Case {
        std::string text;
        std::string_view written;
    };
    const Case cases[] = {
        {"\x7F", R"(\u007f)"},
        {"\xC2\x85", R"(\u0085)"},          // NEL
        {"\xC2\x9B", R"(\u009b)"},          // CSI: begins a terminal's command
        {"\xE2\x80\xA8", R"(\u2028)"},      // line separator
        {"\xE2\x80\xA9", R"(\u2029)"},      // paragraph separator
        {"a\xE2\x80\xAEz", R"(a\u202ez)"},  // right-to-left override
        {"\xE2\x81\xA6", R"(\u2066)"},
        {"\xEF\xBB\xBF", R"(\ufeff)"},  // byte order mark
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xE2\x82\xAC", "\xE2\x82\xAC"},
        {"\xF0\x9F\x9A\x97", "\xF0\x9F\x9A\x97"},
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        {"\x80", R"(\ufffd)"},
        {"a\xFFz", R"(a\ufffdz)"},
        {"\xC3", R"(\ufffd)"},                                // ends early
        {"\xC3\"", R"(\ufffd\")"},                            // must not swallow the quote
        {"\xE2\x82", R"(\ufffd\ufffd)"},                      // the same
        {"\xC0\xAF", R"(\ufffd\ufffd)"},                      // not the shortest form
        {"\xE0\x80\xAF", R"(\ufffd\ufffd\ufffd)"},            // the same
        {"\xED\xA0\x80", R"(\ufffd\ufffd\ufffd)"},            // a surrogate
        {"\xF4\x90\x80\x80", R"(\ufffd\ufffd\ufffd\ufffd)"},  // beyond Unicode
        {"\xF8\x88\x80\x80\x80", R"(\ufffd\ufffd\ufffd\ufffd\ufffd)"},
    };
    for (const Case& c : cases) {
        JsonLine line;
        line.add("text", c.text);
        const std::string written(line.finish());
        EXPECT_EQ(written, R"({"text":")" + std::string(c.written) + R"("})");
        EXPECT_NO_THROW(json::parse(written)) << written;
    }
}

/// Every pair of bytes makes one line of valid JSON.
TEST(JsonLine, is_valid_whatever_it_holds) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            JsonLine line;
            line.add("text", std::string{static_cast<char>(first), static_cast<char>(second)});
            const std::string written(line.finish());
            ASSERT_EQ(written.find_first_of("\r\n"), written.npos);
            ASSERT_NO_THROW(json::parse(written)) << written;
        }
    }
}

TEST(JsonLine, writes_times_and_objects) {
    JsonLine line;
    line.add_time("time", std::chrono::sys_days(std::chrono::year(2026) / 1 / 5) + 8h + 3min + 9s + 42us);
    line.add_object("last", R"({"a":1})");
    EXPECT_EQ(line.finish(), R"({"time":"2026-01-05T08:03:09.000042Z","last":{"a":1}})");
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
