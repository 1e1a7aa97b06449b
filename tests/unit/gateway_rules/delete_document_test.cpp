#include "gateway/rules/delete_document.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

const BucketMapping mapping{"logs", "acme-logs", "eu/"};

/// A document of objects without more than a key.
std::string with_key(const std::string& key) {
    return "<Delete><Object><Key>" + key + "</Key></Object></Delete>";
}

struct WrittenCase {
    const char* name;
    std::string document;
    std::string written;
};

const WrittenCase written_cases[] = {
    {"one", with_key("a.txt"), with_key("eu/a.txt")},
    {"two", "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>",
     "<Delete><Object><Key>eu/a</Key></Object><Object><Key>eu/b</Key></Object></Delete>"},
    {"of_the_documentation",
     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
     "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
     "   <Object>\n"
     "      <ETag>\"33a0\"</ETag>\n"
     "      <Key>sample1.txt</Key>\n"
     "      <LastModifiedTime>Wed, 21 Oct 2015 07:28:00 GMT</LastModifiedTime>\n"
     "      <Size>10</Size>\n"
     "      <VersionId>OYcLXagmS.WaD..oyH4KRguB95_YhLs7</VersionId>\n"
     "   </Object>\n"
     "   <Quiet>true</Quiet>\n"
     "</Delete>\n",
     "<Delete><Quiet>true</Quiet><Object><Key>eu/sample1.txt</Key>"
     "<VersionId>OYcLXagmS.WaD..oyH4KRguB95_YhLs7</VersionId><ETag>&quot;33a0&quot;</ETag>"
     "<LastModifiedTime>Wed, 21 Oct 2015 07:28:00 GMT</LastModifiedTime><Size>10</Size></Object></Delete>"},
    {"quiet_false", "<Delete><Quiet>false</Quiet><Object><Key>a</Key></Object></Delete>",
     "<Delete><Quiet>false</Quiet><Object><Key>eu/a</Key></Object></Delete>"},
    {"empty_quiet", "<Delete><Quiet/><Object><Key>a</Key></Object></Delete>", with_key("eu/a")},
    {"version_without_text", "<Delete><Object><Key>a</Key><VersionId></VersionId></Object></Delete>",
     with_key("eu/a")},
    {"version_null", "<Delete><Object><Key>a</Key><VersionId>null</VersionId></Object></Delete>",
     "<Delete><Object><Key>eu/a</Key><VersionId>null</VersionId></Object></Delete>"},
    {"entities", with_key("a&amp;b&lt;c&gt;&quot;&apos;"), with_key("eu/a&amp;b&lt;c&gt;&quot;'")},
    {"element_by_entities", with_key("&lt;/Key>&lt;Key>x"), with_key("eu/&lt;/Key&gt;&lt;Key&gt;x")},
    {"character_references", with_key("&#97;&#x2F;b"), with_key("eu/a/b")},
    {"cdata", with_key("a<![CDATA[&amp;</Key><Key>]]>b"), with_key("eu/a&amp;amp;&lt;/Key&gt;&lt;Key&gt;b")},
    {"utf8", with_key("\xC3\xA9&#xE9;"), with_key("eu/\xC3\xA9\xC3\xA9")},
    {"percent_as_text", with_key("100%"), with_key("eu/100%")},
    {"plus_and_blank", with_key("a+b c"), with_key("eu/a+b c")},
    {"comments",
     "<!-- x --><Delete><!-- <Object><Key>y</Key></Object> --><Object><Key>a</Key><!-- --></Object>"
     "</Delete><!-- z -->",
     with_key("eu/a")},
    {"instructions", "<?x?><Delete><?y <Key>?><Object><Key>a</Key></Object></Delete>", with_key("eu/a")},
    {"text_between", "<Delete>x<Object>y<Key>a</Key>z</Object></Delete>", with_key("eu/a")},
    {"attributes", "<Delete a='1'><Object Key='x'><Key b='2'>a</Key></Object></Delete>", with_key("eu/a")},
    {"another_namespace_by_default", "<Delete xmlns='urn:x'><Object><Key>a</Key></Object></Delete>",
     with_key("eu/a")},
    {"another_declared_encoding", "<?xml version=\"1.0\" encoding=\"UTF-7\"?>" + with_key("+AC4ALg-/a"),
     with_key("eu/+AC4ALg-/a")},
    {"latin1_declared", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + with_key("\xC3\xA9"),
     with_key("eu/\xC3\xA9")},
    {"as_long_as_the_prefix_again", with_key("eu/eu/a"), with_key("eu/eu/eu/a")},
    {"key_of_dots", with_key("..."), with_key("eu/...")},
    {"folder", with_key("a/"), with_key("eu/a/")},
    {"no_objects", "<Delete></Delete>", "<Delete></Delete>"},
};

class WrittenDelete : public testing::TestWithParam<WrittenCase> {};

TEST_P(WrittenDelete, has_the_keys_of_the_store_and_nothing_unknown) {
    const auto written = delete_for_store(GetParam().document, mapping);
    ASSERT_TRUE(written) << written.error().detail;
    EXPECT_EQ(*written, GetParam().written);
}
INSTANTIATE_TEST_SUITE_P(table, WrittenDelete, testing::ValuesIn(written_cases),
                         [](const auto& row) { return row.param.name; });

struct RefusedCase {
    const char* name;
    std::string document;
    const char* what;
    Reason reason = Reason::malformed;
};

const RefusedCase refused_cases[] = {
    {"two_keys_in_one_object", "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>", "twice"},
    {"two_versions",
     "<Delete><Object><Key>a</Key><VersionId>1</VersionId><VersionId>2</VersionId></Object></Delete>",
     "twice"},
    {"no_key", "<Delete><Object><VersionId>1</VersionId></Object></Delete>", "without a key"},
    {"empty_key", with_key(""), "without a key"},
    {"empty_element", "<Delete><Object><Key/></Object></Delete>", "without a key"},
    {"empty_cdata", with_key("<![CDATA[]]>"), "without a key"},
    {"empty_object", "<Delete><Object/></Delete>", "without a key"},
    {"empty_object_behind_another", "<Delete><Object><Key>a</Key></Object><Object/></Delete>",
     "without a key"},
    {"key_outside", "<Delete><Key>a</Key></Delete>", "Delete/Key"},
    {"key_too_deep", "<Delete><Object><x><Key>a</Key></x></Object></Delete>", "Delete/Object/x"},
    {"element_in_a_key", with_key("a<b/>"), "an element within"},
    {"comment_in_a_key", with_key("a<!-- -->b"), "a comment or an instruction within"},
    {"instruction_in_a_key", with_key("a<?x?>b"), "a comment or an instruction within"},
    {"unknown_element", "<Delete><Object><Key>a</Key><Bucket>x</Bucket></Object></Delete>",
     "none of the S3 API's"},
    {"unknown_beside", "<Delete><Object><Key>a</Key></Object><Bucket>x</Bucket></Delete>",
     "none of the S3 API's"},
    {"another_root", "<Remove><Object><Key>a</Key></Object></Remove>", "<Remove>"},
    {"lower_case", "<delete><object><key>a</key></object></delete>", "<delete>"},
    {"prefixed_namespace",
     "<s:Delete "
     "xmlns:s='http://s3.amazonaws.com/doc/2006-03-01/'><s:Object><s:Key>a</s:Key></s:Object></s:Delete>",
     "<s:Delete>"},
    {"prefixed_key", "<Delete xmlns:s='urn:x'><Object><Key>a</Key><s:Key>b</s:Key></Object></Delete>",
     "Delete/Object/s:Key"},
    {"quiet_twice", "<Delete><Quiet>true</Quiet><Quiet>true</Quiet></Delete>",
     "neither true nor false, once"},
    {"quiet_is_one", "<Delete><Quiet>1</Quiet></Delete>", "neither true nor false, once"},
    {"document_type", "<!DOCTYPE Delete [<!ENTITY e 'x'>]>" + with_key("&e;"), "a document type"},
    {"two_documents", with_key("a") + with_key("b"), "junk"},
    {"cut", "<Delete><Object><Key>a</Key></Object>", "no element found"},
    {"empty", "", "no element found"},
    {"json", "{\"Objects\": []}", "XML"},
    {"no_utf8", with_key("\xE9"), "XML"},
    {"zero_byte", with_key(std::string("a\0b", 3)), "XML"},

    {"two_dots", with_key("../us/a"), "read in different ways", Reason::ambiguous_path},
    {"two_dots_within", with_key("a/../../us/b"), "read in different ways", Reason::ambiguous_path},
    {"two_dots_by_reference", with_key("&#46;./us/a"), "read in different ways", Reason::ambiguous_path},
    {"two_dots_by_cdata", with_key(".<![CDATA[.]]>/us/a"), "read in different ways", Reason::ambiguous_path},
    {"dot", with_key("./a"), "read in different ways", Reason::ambiguous_path},
    {"dots_at_the_end", with_key("a/.."), "read in different ways", Reason::ambiguous_path},
    {"empty_segment", with_key("a//b"), "read in different ways", Reason::ambiguous_path},
    {"slash_in_front", with_key("/a"), "read in different ways", Reason::ambiguous_path},
    {"backslash", with_key("..\\us"), "read in different ways", Reason::ambiguous_path},
    {"escaped_slash", with_key("..%2Fus"), "read in different ways", Reason::ambiguous_path},
    {"line_feed", with_key("a&#10;b"), "read in different ways", Reason::ambiguous_path},
    {"bad_key_behind_a_good_one",
     "<Delete><Object><Key>a</Key></Object><Object><Key>..</Key></Object></Delete>", "read in different ways",
     Reason::ambiguous_path},
};

class RefusedDelete : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedDelete, is_malformed_to_clients) {
    const auto written = delete_for_store(GetParam().document, mapping);
    ASSERT_FALSE(written) << *written;
    EXPECT_EQ(written.error().reason, GetParam().reason);
    EXPECT_EQ(written.error().status, 400U);
    EXPECT_EQ(written.error().s3_code, "MalformedXML");
    EXPECT_THAT(written.error().detail, testing::HasSubstr(GetParam().what));
}
INSTANTIATE_TEST_SUITE_P(table, RefusedDelete, testing::ValuesIn(refused_cases),
                         [](const auto& row) { return row.param.name; });

std::string objects(int count) {
    std::string document = "<Delete>";
    for (int i = 0; i < count; ++i)
        document += "<Object><Key>" + std::to_string(i) + "</Key></Object>";
    return document + "</Delete>";
}

TEST(DeleteDocument, has_at_most_a_thousand_objects) {
    const auto written = delete_for_store(objects(1'000), mapping);
    ASSERT_TRUE(written);
    EXPECT_THAT(*written, testing::EndsWith("<Object><Key>eu/999</Key></Object></Delete>"));
    const auto refused = delete_for_store(objects(1'001), mapping);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, testing::HasSubstr("more than 1000 objects"));
}

/// S3 API, "Creating object key names": 1,024 bytes.
TEST(DeleteDocument, has_no_key_that_is_longer_than_keys_are) {
    EXPECT_TRUE(delete_for_store(with_key(std::string(1'021, 'x')), mapping));
    EXPECT_FALSE(delete_for_store(with_key(std::string(1'025, 'x')), mapping));
}

}  // namespace
}  // namespace sallyport::gateway
