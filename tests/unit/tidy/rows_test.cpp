#include "tests/unit/tidy/source_files.h"

#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace sallyport::tidy {
namespace {

/// A row of the device reference and its tests, as ROWS.md names them.
struct Row {
    std::string name;
    std::vector<std::string> tests;  ///< `file: test`; or one, `none: why`
};

std::vector<std::string> split(std::string_view text, std::string_view mark) {
    std::vector<std::string> parts;
    for (;;) {
        const auto end = text.find(mark);
        parts.emplace_back(text.substr(0, end));
        if (end == text.npos) return parts;
        text.remove_prefix(end + mark.size());
    }
}

/// The lines of its table: `| row | what | test; test |`.
std::vector<Row> rows_of(const std::string& text) {
    std::vector<Row> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto cells = split(line, " | ");
        if (!line.starts_with("| ") || cells.size() != 3 ||
            !std::isdigit(static_cast<unsigned char>(line[2])))
            continue;
        std::string tests = cells[2];
        if (tests.ends_with(" |")) tests.resize(tests.size() - 2);
        rows.push_back({cells[0].substr(2), split(tests, "; ")});
    }
    return rows;
}

bool has_word(std::string_view text, std::string_view word) {
    const auto in_word = [&](std::size_t at) {
        return at < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        if ((at == 0 || !in_word(at - 1)) && !in_word(at + word.size())) return true;
    }
    return false;
}

/// Why this cannot be the test of a row; empty when it can.
std::string fault_of_test(const std::string& test, const std::vector<SourceFile>& files) {
    const auto colon = test.find(": ");
    if (colon == test.npos || colon + 2 == test.size()) return "is not `file: test`";
    const std::string file = test.substr(0, colon);
    if (file == "none") return "";
    const auto found = std::ranges::find(files, "tests/" + file, &SourceFile::path);
    if (found == files.end()) return "names no file below tests/";
    return has_word(found->text, test.substr(colon + 2)) ? "" : "is in no such file";
}

TEST(Rows, of_the_device_reference_have_tests) {
    const auto tables = files_below("tests/unit/firmware_client", {".md"});
    ASSERT_EQ(tables.size(), 1U);
    const auto rows = rows_of(tables[0].text);
    EXPECT_GT(rows.size(), 200U) << "the table has another form";
    const auto files = files_below("tests", {".cpp", ".py"});
    std::set<std::string> names;
    for (const Row& row : rows) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name << " stands there twice";
        for (const std::string& test : row.tests)
            EXPECT_EQ(fault_of_test(test, files), "") << row.name << ": " << test;
    }
}

TEST(Rows, name_tests_that_exist) {
    const std::vector<SourceFile> files = {{"tests/a_test.cpp", "TEST(A, is_b) {}"}};
    EXPECT_EQ(fault_of_test("a_test.cpp: is_b", files), "");
    EXPECT_EQ(fault_of_test("none: nothing to test", files), "");
    for (const auto* fault : {"a_test.cpp: is_", "a_test.cpp: is_bc", "b_test.cpp: is_b", "is_b", "none: "})
        EXPECT_NE(fault_of_test(fault, files), "") << fault;
    EXPECT_EQ(
        rows_of("# x\n| row | what | tests |\n| --- | --- | --- |\n| 1 a | b | c: d; e: f |\n")[0].tests,
        (std::vector<std::string>{"c: d", "e: f"}));
}

}  // namespace
}  // namespace sallyport::tidy
