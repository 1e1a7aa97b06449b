#include "gateway/rules/trace_context.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr const char* trace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* parent = "00f067aa0ba902b7";

/// W3C Trace Context, level 1: 3.2.2 and 4.3.
TEST(TraceContext, is_parsed_strictly) {
    const std::string usual = std::string("00-") + trace + "-" + parent + "-01";
    struct Case {
        const char* what;
        std::string value;
        bool is_valid;
    };
    const Case cases[] = {
        {"as in the standard", usual, true},
        {"not sampled", std::string("00-") + trace + "-" + parent + "-00", true},
        {"flags that nobody knows", std::string("00-") + trace + "-" + parent + "-ff", true},
        {"a later version", std::string("cc-") + trace + "-" + parent + "-01", true},
        {"a later version with more", std::string("01-") + trace + "-" + parent + "-01-more", true},
        {"a later version with more, not behind a dash", std::string("01-") + trace + "-" + parent + "-01.x",
         false},
        {"version 00 with more", usual + "-more", false},
        {"version 00 with a dash", usual + "-", false},
        {"version ff", std::string("ff-") + trace + "-" + parent + "-01", false},
        {"upper case", std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-") + parent + "-01", false},
        {"upper case in the version", std::string("0A-") + trace + "-" + parent + "-01", false},
        {"a trace of zeros", std::string("00-") + std::string(32, '0') + "-" + parent + "-01", false},
        {"a parent of zeros", std::string("00-") + trace + "-" + std::string(16, '0') + "-01", false},
        {"a trace that is too short", std::string("00-") + (trace + 1) + "-" + parent + "-01", false},
        {"flags that are too short", usual.substr(0, usual.size() - 1), false},
        {"flags that are no number", std::string("00-") + trace + "-" + parent + "-0x", false},
        {"other separators", std::string("00_") + trace + "_" + parent + "_01", false},
        {"another separator before the flags", std::string("00-") + trace + "-" + parent + "_01", false},
        {"a quote within", std::string("00-\"") + (trace + 1) + "-" + parent + "-01", false},
        {"a byte that is not ASCII", std::string("00-\xC3") + (trace + 1) + "-" + parent + "-01", false},
        {"nothing", "", false},
    };
    for (const Case& c : cases) {
        const auto parsed = parse_traceparent(c.value);
        ASSERT_EQ(parsed.has_value(), c.is_valid) << c.what;
        if (!parsed) continue;
        EXPECT_EQ(parsed->trace_id, trace) << c.what;
        EXPECT_EQ(parsed->parent_id, parent) << c.what;
    }
}

TEST(TraceContext, counts_when_there_is_one) {
    const std::string value = std::string("00-") + trace + "-" + parent + "-01";
    struct Case {
        const char* what;
        std::vector<HeaderField> fields;
        bool is_known;
    };
    const Case cases[] = {
        {"none", {{"Host", "a"}}, false},
        {"one", {{"Host", "a"}, {"traceparent", value}}, true},
        {"in another case", {{"TraceParent", value}}, true},
        {"two, so that readers may differ", {{"traceparent", value}, {"Traceparent", value}}, false},
        {"one that is not valid", {{"traceparent", "00"}}, false},
        {"state alone", {{"tracestate", "a=b"}}, false},
    };
    for (const Case& c : cases) {
        RequestHead head;
        head.fields = c.fields;
        EXPECT_EQ(trace_of(head).has_value(), c.is_known) << c.what;
    }
}

}  // namespace
}  // namespace sallyport::gateway
