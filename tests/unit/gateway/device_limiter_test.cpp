#include "gateway/device_limiter.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

constexpr DeviceLimits none{};
const Clock::time_point begin{1000h};
constexpr std::chrono::sys_seconds noon = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h;

TEST(DeviceLimiter, counts_connections_of_each_device_alone) {
    DeviceLimiter limiter;
    const DeviceLimits two{.connections = 2};
    EXPECT_TRUE(limiter.connect("A", two));
    EXPECT_TRUE(limiter.connect("A", two));
    EXPECT_FALSE(limiter.connect("A", two));
    EXPECT_TRUE(limiter.connect("B", two));
    limiter.disconnect("A");
    EXPECT_FALSE(limiter.connect("A", two)) << "the surplus one counts as long as it is open";
    limiter.disconnect("A");
    limiter.disconnect("A");
    EXPECT_TRUE(limiter.connect("A", two));
}

TEST(DeviceLimiter, takes_up_a_limit_that_comes_later) {
    DeviceLimiter limiter;
    EXPECT_TRUE(limiter.connect("A", none));
    EXPECT_TRUE(limiter.connect("A", none));
    EXPECT_FALSE(limiter.connect("A", {.connections = 2}));
}

TEST(DeviceLimiter, forgets_devices_that_have_left) {
    DeviceLimiter limiter;
    for (const char* device : {"A", "B", "C"})
        limiter.connect(device, none);
    EXPECT_EQ(limiter.known_devices(), 3U);
    for (const char* device : {"A", "B", "C"})
        limiter.disconnect(device);
    EXPECT_EQ(limiter.known_devices(), 0U);
}

TEST(DeviceLimiter, is_bounded) {
    DeviceLimiter limiter(64);
    const DeviceLimits slow{.requests_per_second = 1, .request_burst = 1};
    for (int i = 0; i < 10'000; ++i) {
        const std::string device = std::to_string(i);
        limiter.connect(device, slow);
        limiter.request(device, slow, begin);
        limiter.disconnect(device);
    }
    EXPECT_LE(limiter.known_devices(), 2U * 64 + 16);
}

TEST(DeviceLimiter, keeps_those_that_are_connected) {
    DeviceLimiter limiter(16);
    const DeviceLimits one{.connections = 1};
    limiter.connect("A", one);
    for (int i = 0; i < 1000; ++i) {
        limiter.connect(std::to_string(i), one);
        limiter.disconnect(std::to_string(i));
    }
    EXPECT_FALSE(limiter.connect("A", one));
}

TEST(DeviceLimiter, refills_its_bucket) {
    DeviceLimiter limiter;
    const DeviceLimits limits{.requests_per_second = 10, .request_burst = 3};
    const auto request = [&](Clock::duration after) { return limiter.request("A", limits, begin + after); };
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(request(0ms), std::nullopt);
    EXPECT_EQ(request(0ms), 1s);
    EXPECT_EQ(request(99ms), 1s);
    EXPECT_EQ(request(100ms), std::nullopt);
    EXPECT_EQ(request(101ms), 1s);
    EXPECT_EQ(limiter.request("B", limits, begin), std::nullopt) << "another device";
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(request(1h), std::nullopt) << "no more than the burst";
    EXPECT_NE(request(1h), std::nullopt);
}

TEST(DeviceLimiter, has_a_bucket_without_limit) {
    DeviceLimiter limiter;
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(limiter.request("A", none, begin), std::nullopt);
    EXPECT_EQ(limiter.known_devices(), 0U);
}

TEST(DeviceLimiter, sets_bytes_of_the_day_aside) {
    DeviceLimiter limiter;
    const DeviceLimits limits{.bytes_per_day = 100};
    EXPECT_EQ(limiter.reserve("A", limits, 60, noon), std::nullopt);
    EXPECT_EQ(limiter.reserve("A", limits, 60, noon), 12h) << "until midnight";
    EXPECT_EQ(limiter.reserve("A", limits, 40, noon), std::nullopt);
    EXPECT_EQ(limiter.reserve("A", limits, 0, noon), 12h) << "nothing is left";
    EXPECT_EQ(limiter.reserve("A", limits, 60, noon + 12h), std::nullopt) << "a new day";
    EXPECT_EQ(limiter.reserve("B", limits, 100, noon), std::nullopt);
}

TEST(DeviceLimiter, settles_what_was_used) {
    DeviceLimiter limiter;
    const DeviceLimits limits{.bytes_per_day = 100};
    EXPECT_EQ(limiter.reserve("A", limits, 100, noon), std::nullopt);
    limiter.settle("A", 100, 30, noon);  // cut after 30 bytes
    EXPECT_EQ(limiter.reserve("A", limits, 71, noon), 12h);
    EXPECT_EQ(limiter.reserve("A", limits, 70, noon), std::nullopt);
    limiter.settle("A", 70, 70, noon + 12h);  // ended on the next day, which pays for it
    EXPECT_EQ(limiter.reserve("A", limits, 31, noon + 12h), 24h);
    EXPECT_EQ(limiter.reserve("A", limits, 30, noon + 12h), std::nullopt);
}

TEST(DeviceLimiter, remembers_the_bytes_of_the_day_over_a_restart) {
    const DeviceLimits limits{.bytes_per_day = 100};
    DeviceLimiter before;
    before.reserve("A", limits, 60, noon);
    before.connect("B", limits);
    const auto used = before.used_today(noon);
    ASSERT_EQ(used.size(), 1U);
    EXPECT_TRUE(before.used_today(noon + 12h).empty());
    DeviceLimiter after;
    after.restore(used.front(), noon);
    EXPECT_EQ(after.reserve("A", limits, 41, noon), 12h);
    EXPECT_EQ(after.reserve("A", limits, 40, noon), std::nullopt);
    after.restore({"A", used.front().day, UINT64_MAX}, noon);
    EXPECT_EQ(after.reserve("A", limits, 1, noon), 12h) << "no sum runs over";
    DeviceLimiter tomorrow;
    tomorrow.restore(used.front(), noon + 12h);
    EXPECT_EQ(tomorrow.known_devices(), 0U);
}

}  // namespace
}  // namespace sallyport::gateway
