#include "s3/xml_texts.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

struct Outcome {
    std::string out;
    std::optional<Error> fault;
};

/// `a/k` and `a/b/k` get brackets, `a/gone` becomes empty, `a/bad` is no good text and `a/no` may not be
/// there.
Result<const TextChange*> changes(std::string_view path) {
    static const TextChange bracket = [](std::string_view text) { return "[" + std::string(text) + "]"; };
    static const TextChange empty = [](std::string_view) { return std::string(); };
    static const TextChange refuse = [](std::string_view) -> Result<std::string> {
        return Error{Fault::ambiguous, "no good"};
    };
    if (path == "a/no") return Error{Fault::malformed, "not here"};
    if (path == "a/k" || path == "a/b/k") return &bracket;
    if (path == "a/gone") return &empty;
    if (path == "a/bad") return &refuse;
    return nullptr;
}

Outcome rewritten(std::string_view document, std::size_t piece) {
    XmlTexts texts(changes);
    Outcome outcome;
    for (std::size_t at = 0; at < document.size(); at += piece) {
        outcome.fault = texts.update(document.substr(at, piece), outcome.out);
        if (outcome.fault) return outcome;
    }
    outcome.fault = texts.finish(outcome.out);
    return outcome;
}

constexpr std::size_t pieces[] = {1, 2, 3, 7, 64, 1'000'000};

struct PassingCase {
    const char* name;
    std::string document;
};

const PassingCase passing_cases[] = {
    {"root", "<a/>"},
    {"declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a></a>"},
    {"declaration_in_single_quotes", "<?xml version='1.0' standalone='yes' ?><a/>\n"},
    {"line_ends", "<a>\r\n  <b>\r\n\tx\r y\n</b>\r\n</a>\r\n"},
    {"references", "<a><b>&amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#13;</b></a>"},
    {"cdata", "<a><b>x<![CDATA[ <k>&amp;]] > ]]>y<![CDATA[]]></b></a>"},
    {"comments", "<!-- before --><a><!-- <k>x</k> --><b/></a><!-- behind -->"},
    {"instructions", "<?before it?><a><?within?><b/></a><?behind ?>"},
    {"empty_elements", "<a><b/><b /><b></b><c  ></c ></a>"},
    {"attributes",
     "<a xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\" x='\"' y=\"'>&amp;\t\"\n><b z = '1' /></a>"},
    {"empty_text_to_change", "<a><k></k><k/><k /></a>"},
    {"other_paths", "<b><k>x</k><a><k>y</k></a></b>"},
    {"name_that_begins_so", "<a><kk>x</kk><K>y</K><x:k xmlns:x='u'>z</x:k></a>"},
    {"utf8", "<a>\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\xA2<\xC3\xA9>x</\xC3\xA9></a>"},
    {"bracket_of_cdata", "<a>]] &gt; ]</a>"},
    {"blanks_before", " \t\r\n \r\n<?xml version=\"1.0\"?><a/>"},
    {"blanks_before_the_root", "\n\n<a/>"},
    {"sixteen_levels",
     "<a><c><c><c><c><c><c><c><c><c><c><c><c><c><c><c>x</c></c></c></c></c></c></c></c></c></c></c>"
     "</c></c></c></c></a>"},
    {"long_text_that_stays", "<a>" + std::string(200'000, 'x') + "</a>"},
    {"long_attribute", "<a x='" + std::string(16'000, 'x') + "'/>"},
};

class PassingXml : public testing::TestWithParam<PassingCase> {};

TEST_P(PassingXml, passes_byte_for_byte_at_any_cut) {
    for (const std::size_t piece : pieces) {
        const Outcome outcome = rewritten(GetParam().document, piece);
        ASSERT_FALSE(outcome.fault) << piece << ": " << outcome.fault->message;
        EXPECT_TRUE(outcome.out == GetParam().document) << piece << ": " << outcome.out.substr(0, 200);
    }
}
INSTANTIATE_TEST_SUITE_P(table, PassingXml, testing::ValuesIn(passing_cases),
                         [](const auto& row) { return row.param.name; });

struct ChangeCase {
    const char* name;
    std::string document;
    std::string out;
};

const ChangeCase change_cases[] = {
    {"text", "<a><k>x</k></a>", "<a><k>[x]</k></a>"},
    {"both_depths", "<a><k>x</k><b><k>y</k>z</b><k>w</k></a>",
     "<a><k>[x]</k><b><k>[y]</k>z</b><k>[w]</k></a>"},
    {"start_tag_stays", "<a><k  x = '&lt;' >x</k ></a>", "<a><k  x = '&lt;' >[x]</k ></a>"},
    {"references", "<a><k>&amp;&lt;&gt;&quot;&apos;&#65;&#x42;</k></a>",
     "<a><k>[&amp;&lt;&gt;&quot;'AB]</k></a>"},
    {"reference_of_a_reference", "<a><k>&amp;lt;</k></a>", "<a><k>[&amp;lt;]</k></a>"},
    {"references_of_white_space", "<a><k>&#9;&#10;&#13;</k></a>", "<a><k>[&#9;&#10;&#13;]</k></a>"},
    {"line_ends_as_a_reader_has_them", "<a><k>1\r\n2\r3\n4</k></a>", "<a><k>[1&#10;2&#10;3&#10;4]</k></a>"},
    {"cdata", "<a><k>1<![CDATA[<k>&amp;</k>]]>2</k></a>", "<a><k>[1&lt;k&gt;&amp;amp;&lt;/k&gt;2]</k></a>"},
    {"only_cdata", "<a><k><![CDATA[x]]><![CDATA[y]]></k></a>", "<a><k>[xy]</k></a>"},
    {"empty_cdata", "<a><k><![CDATA[]]></k></a>", "<a><k></k></a>"},
    {"blank_is_text", "<a><k> </k></a>", "<a><k>[ ]</k></a>"},
    {"empty_between_others", "<a><k/><k>x</k><k></k></a>", "<a><k/><k>[x]</k><k></k></a>"},
    {"text_that_goes", "<a><gone>x</gone></a>", "<a><gone></gone></a>"},
    {"utf8", "<a><k>\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\xA2&#xE9;</k></a>",
     "<a><k>[\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\xA2\xC3\xA9]</k></a>"},
    {"after_a_comment", "<a><!-- <k>x</k> --><k>y</k></a>", "<a><!-- <k>x</k> --><k>[y]</k></a>"},
    {"longest_text", "<a><k>" + std::string(16'384, 'x') + "</k></a>",
     "<a><k>[" + std::string(16'384, 'x') + "]</k></a>"},
};

class ChangedXml : public testing::TestWithParam<ChangeCase> {};

TEST_P(ChangedXml, is_the_same_at_any_cut) {
    for (const std::size_t piece : pieces) {
        const Outcome outcome = rewritten(GetParam().document, piece);
        ASSERT_FALSE(outcome.fault) << piece << ": " << outcome.fault->message;
        EXPECT_EQ(outcome.out, GetParam().out) << piece;
    }
}
INSTANTIATE_TEST_SUITE_P(table, ChangedXml, testing::ValuesIn(change_cases),
                         [](const auto& row) { return row.param.name; });

struct FaultCase {
    const char* name;
    std::string document;
    const char* what;
    Fault fault = Fault::malformed;
};

std::string levels(int count) {
    std::string begin, end;
    for (int i = 0; i < count; ++i) {
        begin += "<a>";
        end += "</a>";
    }
    return begin + end;
}

const FaultCase fault_cases[] = {
    {"document_type", "<!DOCTYPE a><a/>", "a document type"},
    {"own_entity", "<!DOCTYPE a [<!ENTITY e 'x'>]><a><k>&e;</k></a>", "a document type"},
    {"foreign_document_type", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "a document type"},
    {"document_type_behind_blanks", " \n<!DOCTYPE a><a/>", "a document type"},
    {"unknown_entity", "<a>&e;</a>", "entity"},
    {"seventeen_levels", levels(17), "more than 16 levels"},
    {"element_within", "<a><k>x<b/></k></a>", "an element within <a/k>"},
    {"same_element_within", "<a><k><k>x</k></k></a>", "an element within <a/k>"},
    {"comment_within", "<a><k>x<!-- y --></k></a>", "a comment or an instruction within <a/k>"},
    {"instruction_within", "<a><k><?x y?></k></a>", "a comment or an instruction within <a/k>"},
    {"too_long_a_text", "<a><k>" + std::string(16'385, 'x') + "</k></a>", "more than 16 KiB"},
    {"too_long_in_parts",
     "<a><k>" + std::string(16'000, 'x') + "<![CDATA[" + std::string(385, 'x') + "]]></k></a>",
     "more than 16 KiB"},
    {"element_that_may_not_be", "<a><b/><no/></a>", "<a/no>: not here"},
    {"text_that_may_not_be", "<a><bad>x</bad></a>", "in <a/bad>: no good", Fault::ambiguous},
    {"not_closed", "<a><k>x</k>", "no element found"},
    {"cut_in_a_tag", "<a><k>x</k", "XML: "},
    {"cut_in_a_text", "<a><k>x", "XML: "},
    {"nothing", "", "no element found"},
    {"only_blanks", " \n ", "no element found"},
    {"no_xml", "503 Service Unavailable", "XML: "},
    {"wrong_end", "<a><b></a></b>", "mismatched tag"},
    {"two_roots", "<a/><a/>", "junk after document element"},
    {"text_behind", "<a/>x", "XML: "},
    {"declaration_twice", "<?xml version='1.0'?><?xml version='1.0'?><a/>", "XML"},
    {"attribute_twice", "<a x='1' x='2'/>", "duplicate attribute"},
    {"zero_byte", std::string("<a>\0</a>", 8), "XML: "},
    {"control_byte", "<a>\x01</a>", "XML: "},
    {"control_byte_by_reference", "<a><k>&#1;</k></a>", "XML: "},
    {"latin1", "<a>\xE9</a>", "XML: "},
    {"overlong_utf8", "<a>\xC0\xAF</a>", "XML: "},
    {"surrogate_in_utf8", "<a>\xED\xA0\x80</a>", "XML: "},
};

class FaultyXml : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultyXml, is_refused_at_any_cut) {
    for (const std::size_t piece : pieces) {
        const Outcome outcome = rewritten(GetParam().document, piece);
        ASSERT_TRUE(outcome.fault) << piece << ": " << outcome.out;
        EXPECT_EQ(outcome.fault->fault, GetParam().fault);
        EXPECT_THAT(outcome.fault->message, testing::HasSubstr(GetParam().what));
    }
}
INSTANTIATE_TEST_SUITE_P(table, FaultyXml, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

TEST(XmlTexts, keeps_no_more_than_a_bound_of_what_does_not_end) {
    const std::string endless[] = {
        "<a " + std::string(200'000, 'x'),  "<a x='" + std::string(200'000, 'x'),
        "<!--" + std::string(200'000, 'x'), "<a><?" + std::string(200'000, 'x'),
        "<" + std::string(200'000, 'a'),
    };
    for (const std::string& document : endless) {
        for (const std::size_t piece : {1'000U, 65'536U, 1'000'000U}) {
            XmlTexts texts(changes);
            std::string out;
            std::optional<Error> fault;
            std::size_t at = 0;
            for (; at < document.size() && !fault; at += piece)
                fault = texts.update(std::string_view(document).substr(at, piece), out);
            ASSERT_TRUE(fault) << document.substr(0, 6) << " in pieces of " << piece;
            EXPECT_EQ(fault->fault, Fault::too_large) << fault->message;
            EXPECT_LE(out.size(), 3U);
        }
    }
}

TEST(XmlTexts, stays_with_its_fault) {
    XmlTexts texts(changes);
    std::string out;
    ASSERT_TRUE(texts.update("<a><no>", out));
    out.clear();
    const auto again = texts.update("</no></a>", out);
    ASSERT_TRUE(again);
    EXPECT_THAT(again->message, testing::HasSubstr("not here"));
    EXPECT_TRUE(texts.finish(out));
    EXPECT_EQ(out, "");
}

/// What waits for its end has not gone out: a reader never sees half of a name that is not its own.
TEST(XmlTexts, gives_out_a_changed_text_at_its_end_only) {
    XmlTexts texts(changes);
    std::string out;
    ASSERT_FALSE(texts.update("<a><k>secret", out));
    EXPECT_EQ(out, "<a><k>");
    ASSERT_FALSE(texts.update("s</k>", out));
    EXPECT_EQ(out, "<a><k>[secrets]</k>");
}

TEST(XmlEscaped, has_references_for_what_readers_would_change) {
    EXPECT_EQ(xml_escaped("a&b<c>d\"e'f\tg\nh\ri\xC3\xA9"),
              "a&amp;b&lt;c&gt;d&quot;e'f&#9;g&#10;h&#13;i\xC3\xA9");
    EXPECT_EQ(xml_escaped(""), "");
}

}  // namespace
}  // namespace sallyport::s3
