#include "s3/error_document.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

struct DocumentCase {
    const char* name;
    std::string body;
    const char* code;  ///< nullptr: refused
    const char* message = "";
};

const DocumentCase document_cases[] = {
    {"declared", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code></Error>",
     "NoSuchKey"},
    {"others_skipped",
     "<Error "
     "xmlns=\"http://s3\"><BucketName>b</BucketName><Code>AccessDenied</Code><Message>No</Message></Error>\n",
     "AccessDenied", "No"},
    {"indented", "<Error>\n  <Code>A</Code>\n  <Message/>\n</Error >", "A"},
    {"entities", "<Error><Code>A</Code><Message>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#xE9;</Message></Error>",
     "A", "<&>\"'AB\xC3\xA9"},
    {"control_bytes_become_space", "<Error><Code>A</Code><Message>a&#27;[2Jb\nc</Message></Error>", "A",
     "a [2Jb c"},
    {"empty", "", nullptr},
    {"no_code", "<Error><Message>No</Message></Error>", nullptr},
    {"other_root", "<Errors><Code>A</Code></Errors>", nullptr},
    {"cut", "<Error><Code>A</Code>", nullptr},
    {"cut_in_text", "<Error><Code>A", nullptr},
    {"code_twice", "<Error><Code>A</Code><Code>B</Code></Error>", nullptr},
    {"nested", "<Error><Code><b>A</b></Code></Error>", nullptr},
    {"doctype", "<!DOCTYPE Error [<!ENTITY a \"b\">]><Error><Code>&a;</Code></Error>", nullptr},
    {"unknown_entity", "<Error><Code>&a;</Code></Error>", nullptr},
    {"reference_to_nul", "<Error><Code>&#0;</Code></Error>", nullptr},
    {"reference_to_surrogate", "<Error><Code>&#xD800;</Code></Error>", nullptr},
    {"comment", "<Error><!-- x --><Code>A</Code></Error>", nullptr},
    {"cdata", "<Error><Code><![CDATA[A]]></Code></Error>", nullptr},
    {"mismatched_tag", "<Error><Code>A</Coda></Error>", nullptr},
    {"trailing", "<Error><Code>A</Code></Error><x>", nullptr},
    {"html", "<html><body>502</body></html>", nullptr},
    {"largest", "<Error><Code>A</Code></Error>" + std::string(65536 - 29, ' '), "A"},
    {"too_large", "<Error><Code>A</Code></Error>" + std::string(65537 - 29, ' '), nullptr},
};

class ForeignDocument : public testing::TestWithParam<DocumentCase> {};

TEST_P(ForeignDocument, is_read_strictly) {
    const auto& row = GetParam();
    const auto document = read_error_document(row.body);
    ASSERT_EQ(static_cast<bool>(document), row.code != nullptr);
    if (document) {
        EXPECT_EQ(document->code, row.code);
        EXPECT_EQ(document->message, row.message);
    }
}

INSTANTIATE_TEST_SUITE_P(table, ForeignDocument, testing::ValuesIn(document_cases),
                         [](const auto& row) { return row.param.name; });

TEST(OwnDocument, survives_its_own_reader) {
    const std::string body = write_error_document({"AccessDenied", "a<b & \"c\"\n", "/fleet/<x>", "7f"});
    EXPECT_EQ(body.find("<x>"), std::string::npos);
    const auto document = read_error_document(body);
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->message, "a<b & \"c\"?");
    EXPECT_EQ(document->resource, "/fleet/<x>");
    EXPECT_EQ(document->request_id, "7f");
}

}  // namespace
}  // namespace sallyport::s3
