#include "pki/tool/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct CsvCase {
    const char* name;
    std::string text;
    Rows rows;
    std::string fault = {};  ///< instead of rows
};

class CsvTest : public testing::TestWithParam<CsvCase> {};

TEST_P(CsvTest, is_read_strictly) {
    const auto table = parse_csv(GetParam().text, "f.csv", {"id", "note"});
    if (!GetParam().fault.empty()) {
        ASSERT_FALSE(table);
        EXPECT_EQ(table.error().message, GetParam().fault);
        return;
    }
    ASSERT_TRUE(table) << table.error().message;
    Rows rows;
    for (const CsvRow& row : table->rows)
        rows.push_back(row.fields);
    EXPECT_EQ(rows, GetParam().rows);
}

const CsvCase csv_cases[] = {
    {"plain", "id\na\nb\n", {{"a"}, {"b"}}},
    {"no_line_end_at_the_end", "id\na", {{"a"}}},
    {"crlf", "id,note\r\na,b\r\n", {{"a", "b"}}},
    {"byte_order_mark", "\xEF\xBB\xBFid\na\n", {{"a"}}},
    {"empty_lines", "\nid\n\na\n\n\nb\n", {{"a"}, {"b"}}},
    {"empty_field", "id,note\na,\n", {{"a", ""}}},
    {"white_space_stays", "id\n a \n", {{" a "}}},
    {"quoted", "id\n\"a,\"\"b\"\"\nc\"\n", {{"a,\"b\"\nc"}}},
    {"header_only", "id\n", {}},
    {"nothing", "", {}, "f.csv:1: no header line"},
    {"unknown_column", "id,cat\n", {}, "f.csv:1: the header has a column 'cat'; known are: id, note"},
    {"column_twice", "id,id\n", {}, "f.csv:1: the header has column 'id' twice"},
    {"too_many", "id\na,b\n", {}, "f.csv:2: 2 fields where the header has 1"},
    {"too_few", "id,note\na\n", {}, "f.csv:2: 1 fields where the header has 2"},
    {"line_after_a_quoted_line_end", "id\n\"a\nb\"\nc,d\n", {}, "f.csv:4: 2 fields where the header has 1"},
    {"quote_in_the_middle", "id\na\"b\n", {}, "f.csv:2: a quote in the middle of a field"},
    {"quote_not_closed", "id\n\"a\n", {}, "f.csv:2: a quote that is not closed"},
    {"text_behind_quotes", "id\n\"a\"b\n", {}, "f.csv:2: text behind a quoted field"},
    {"control_character", "id\na\x01\n", {}, "f.csv:2: a control character in a field"},
    {"carriage_return", "id\na\rb\n", {}, "f.csv:2: a carriage return without a line feed"},
    {"all_faults",
     "id\na,b\nc\nd,e\n",
     {},
     "f.csv:2: 2 fields where the header has 1\nf.csv:4: 2 fields where the header has 1"},
};
INSTANTIATE_TEST_SUITE_P(table, CsvTest, testing::ValuesIn(csv_cases),
                         [](const auto& row) { return row.param.name; });

TEST(LineFaults, tells_twenty_and_counts_the_rest) {
    LineFaults faults("f.csv");
    for (std::size_t line = 1; line <= 25; ++line)
        faults.add(line, "wrong");
    const std::string text = faults.error().message;
    EXPECT_THAT(text, testing::HasSubstr("f.csv:20: wrong\nand 5 more"));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("f.csv:21")));
}

}  // namespace
}  // namespace sallyport::pki
