#include "gateway/rules/reason.h"

#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(Reason, has_one_word_for_each) {
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto word = to_string(static_cast<Reason>(i));
        EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), word.npos) << word;
        words.insert(word);
    }
    EXPECT_EQ(words.size(), reason_count);
}

TEST(Reason, is_the_same_word_as_the_refusal_of_a_chain) {
    for (int i = 0; i <= static_cast<int>(pki::Refusal::bad_identity); ++i) {
        const auto refusal = static_cast<pki::Refusal>(i);
        EXPECT_EQ(to_string(reason_of(refusal)), pki::to_string(refusal));
    }
}

/// The words in the first column of README's tables about refusals.
std::set<std::string> explained_words() {
    std::ifstream file(std::string(SALLYPORT_SOURCE_DIR) + "/README.md");
    std::string line;
    while (std::getline(file, line) && line != "### Why something is refused") {
    }
    std::set<std::string> words;
    while (std::getline(file, line) && !line.starts_with("## ")) {
        if (!line.starts_with("| `")) continue;
        const std::string cell = line.substr(2, line.find(" | ") - 2);
        for (std::size_t at = 0; (at = cell.find('`', at)) != cell.npos;) {
            const std::size_t end = cell.find('`', at + 1);
            words.insert(cell.substr(at + 1, end - at - 1));
            at = end + 1;
        }
    }
    return words;
}

TEST(Reason, each_word_is_explained_to_operators) {
    const auto words = explained_words();
    for (std::size_t i = 0; i < reason_count; ++i)
        EXPECT_TRUE(words.contains(std::string(to_string(static_cast<Reason>(i)))))
            << to_string(static_cast<Reason>(i));
}

TEST(Reason, tells_refusals_from_failures) {
    const std::set<Reason> failures{Reason::timeout, Reason::peer_closed, Reason::store_down,
                                    Reason::store_timeout, Reason::store_malformed};
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto reason = static_cast<Reason>(i);
        EXPECT_EQ(is_refusal(reason), !failures.contains(reason)) << to_string(reason);
    }
}

}  // namespace
}  // namespace sallyport::gateway
