#include "gateway/rules/refusal_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 10min;
const RefusalTally::Clock::time_point begin{100h};

TEST(RefusalTally, lets_the_first_pass_and_counts_the_rest) {
    RefusalTally tally(10, interval);
    EXPECT_TRUE(tally.is_first("a", "o", "1", begin));
    EXPECT_FALSE(tally.is_first("a", "o", "2", begin + 1s));
    EXPECT_TRUE(tally.is_first("b", "o", "3", begin + 1s));
    EXPECT_FALSE(tally.is_first("a", "o", "4", begin + 2s));
    EXPECT_TRUE(tally.due(begin + interval - 1ns).empty());
    const auto due = tally.due(begin + interval);
    ASSERT_EQ(due.size(), 1);
    EXPECT_EQ(due[0].count, 2);
    EXPECT_EQ(due[0].last, "4");
}

TEST(RefusalTally, tells_of_those_that_go_on_once_in_an_interval) {
    RefusalTally tally(10, interval);
    tally.is_first("a", "o", "first", begin);
    for (int i = 1; i <= 3; ++i) {
        EXPECT_FALSE(tally.is_first("a", "o", std::to_string(i), begin + i * interval - 1s));
        const auto due = tally.due(begin + i * interval);
        ASSERT_EQ(due.size(), 1) << i;
        EXPECT_EQ(due[0].count, 1) << i;
        EXPECT_EQ(due[0].last, std::to_string(i));
    }
    EXPECT_TRUE(tally.due(begin + 4 * interval).empty());
    EXPECT_TRUE(tally.is_first("a", "o", "anew", begin + 4 * interval)) << "it was forgotten";
}

/// Whoever comes from more addresses than there is room for makes no more lines, and pushes nobody out.
TEST(RefusalTally, is_bounded) {
    constexpr std::size_t room = 4;
    RefusalTally tally(room, interval);
    std::size_t written = 0;
    for (int i = 0; i < 1'000; ++i)
        written += tally.is_first("address " + std::to_string(i), "others", std::to_string(i), begin) ? 1 : 0;
    EXPECT_EQ(written, room + 1);
    EXPECT_FALSE(tally.is_first("address 0", "others", "again", begin + 1s)) << "it keeps its place";
    std::uint64_t counted = 0;
    for (const auto& repeated : tally.due(begin + interval))
        counted += repeated.count;
    EXPECT_EQ(counted + written, 1'001) << "each is written or counted";
    EXPECT_TRUE(tally.due(begin + 2 * interval).empty());
    EXPECT_TRUE(tally.is_first("address 999", "others", "", begin + 2 * interval)) << "there is room again";
}

TEST(RefusalTally, gives_up_everything_at_the_end) {
    RefusalTally tally(10, interval);
    for (const char* kind : {"a", "b", "b", "c", "c", "c"})
        tally.is_first(kind, "o", kind, begin);
    const auto all = tally.all();
    ASSERT_EQ(all.size(), 2);
    EXPECT_EQ(all[0].count, 1);
    EXPECT_EQ(all[1].count, 2);
    EXPECT_TRUE(tally.all().empty());
}

}  // namespace
}  // namespace sallyport::gateway
