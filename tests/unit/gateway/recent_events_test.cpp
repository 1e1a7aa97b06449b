#include "gateway/recent_events.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(RecentEvents, are_bounded_and_the_newest) {
    RecentEvents recent;
    for (int i = 0; i < 1000; ++i)
        recent.add("reload", "{\"n\":" + std::to_string(i) + "}");
    const auto lines = recent.list();
    ASSERT_EQ(lines.size(), RecentEvents::lines_of_each);
    EXPECT_EQ(lines.front(), "{\"n\":800}");
    EXPECT_EQ(lines.back(), "{\"n\":999}");
}

TEST(RecentEvents, of_strangers_push_out_nothing_else) {
    RecentEvents recent;
    recent.add("reload", "{\"event\":\"reload\"}");
    for (int i = 0; i < 100'000; ++i) {
        recent.add("handshake_failed", "{}");
        recent.add("handshake", "{}");
    }
    recent.add("reload", "{\"long\":\"" + std::string(RecentEvents::longest, 'x') + "\"}");
    const auto lines = recent.list();
    EXPECT_EQ(lines.size(), RecentEvents::lines_of_each + 1);
    EXPECT_EQ(lines.front(), "{\"event\":\"reload\"}");
}

}  // namespace
}  // namespace sallyport::gateway
