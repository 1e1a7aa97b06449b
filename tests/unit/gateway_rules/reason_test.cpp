#include "gateway/rules/reason.h"

#include <set>

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

}  // namespace
}  // namespace sallyport::gateway
