#include "pki/pem.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

const std::string a = "-----BEGIN A-----\nb25l\n-----END A-----\n";
const std::string b = "-----BEGIN B-----\ndHdv\n-----END B-----\n";

struct BlockCase {
    const char* name;
    std::string text;
    std::vector<std::pair<std::string, std::string>> blocks;  ///< label and content; empty: refused
};

const BlockCase block_cases[] = {
    {"one", a, {{"A", "one"}}},
    {"two_labels", a + b, {{"A", "one"}, {"B", "two"}}},
    {"text_around", "before\n" + a + "between\n" + b + "after", {{"A", "one"}, {"B", "two"}}},
    {"crlf", "-----BEGIN A-----\r\nb25l\r\n-----END A-----\r\n", {{"A", "one"}}},
    {"no_line_end_at_the_end", a.substr(0, a.size() - 1), {{"A", "one"}}},
    {"empty", "", {}},
    {"text", "nothing here\n", {}},
    {"end_missing", "-----BEGIN A-----\nb25l\n", {}},
    {"end_missing_before_another", "-----BEGIN A-----\nb25l\n" + b, {}},
    {"end_of_another", "-----BEGIN A-----\nb25l\n-----END B-----\n", {}},
    {"cut_in_the_last_line", a + b.substr(0, b.size() - 5), {}},
    {"no_base64", "-----BEGIN A-----\n!!!!\n-----END A-----\n", {}},
    {"no_base64_behind_a_good_one", a + "-----BEGIN B-----\n!!!!\n-----END B-----\n", {}},
    {"begin_not_at_a_line", a + "x -----BEGIN B-----\ndHdv\n-----END B-----\n", {}},
};

class PemBlocks : public testing::TestWithParam<BlockCase> {};

TEST_P(PemBlocks, never_vanish) {
    const auto blocks = read_pem_blocks(GetParam().text);
    std::vector<std::pair<std::string, std::string>> found;
    if (blocks) {
        for (const PemBlock& block : *blocks)
            found.emplace_back(block.label, block.der);
    }
    EXPECT_EQ(found, GetParam().blocks);
    EXPECT_EQ(blocks.has_value(), !GetParam().blocks.empty());
}
INSTANTIATE_TEST_SUITE_P(table, PemBlocks, testing::ValuesIn(block_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
