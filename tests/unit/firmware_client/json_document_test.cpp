#include "firmware-client/json_document.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

struct DocumentCase {
    const char* name;
    std::string text;
    const char* fault;  ///< part of the message; nullptr: accepted
};

const DocumentCase document_cases[] = {
    {"object", "{\"a\": {\"a\": 1}, \"b\": [{\"a\": 1}, {\"a\": 2}]}", nullptr},
    {"twice", "{\"a\": 1,\n \"a\": 2}", "f:2:4: the key 'a' stands there twice"},
    {"twice_inside", "{\"b\": {\"a\": 1, \"a\": 1}}", "'a' stands there twice"},
    {"twice_by_escape", "{\"a\": 1, \"\\u0061\": 2}", "'a' stands there twice"},
    {"array", "[1]", "not one JSON object"},
    {"comment", "{/* a */}", "f:1:2: not JSON"},
    {"trailing_comma", "{\"a\": 1,}", "not JSON"},
    {"cut", "{\"a\": 1", "not JSON"},
    {"empty", "", "not JSON"},
    {"trailing_text", "{} x", "something follows the document"},
    {"bad_utf8", "{\"a\": \"\xff\"}", "not JSON"},
    {"deepest", "{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}", nullptr},
    {"too_deep", "{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}", "not JSON"},
};

class JsonDocument : public testing::TestWithParam<DocumentCase> {};

TEST_P(JsonDocument, is_strict) {
    const auto object = parse_json_object(GetParam().text, "f");
    ASSERT_EQ(static_cast<bool>(object), GetParam().fault == nullptr);
    if (!object) {
        EXPECT_NE(object.error().message.find(GetParam().fault), std::string::npos) << object.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(table, JsonDocument, testing::ValuesIn(document_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::device
