#include "gateway/address_limiter.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

constexpr std::uint64_t per_minute = 60;
const AddressLimiter::Time begin{1000h};

ClientNetwork network(const char* address) {
    return network_of(make_address(address));
}

struct NetworkCase {
    const char* name;
    const char* one;
    const char* other;
    bool same;
};
const NetworkCase network_cases[] = {
    {"same_v4", "192.0.2.1", "192.0.2.1", true},
    {"neighbours_v4", "192.0.2.1", "192.0.2.2", false},
    {"v4_in_v6", "192.0.2.1", "::ffff:192.0.2.1", true},
    {"one_subscriber_v6", "2001:db8::1", "2001:db8::ffff:1", true},
    {"neighbours_v6", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
    {"v6_that_looks_like_v4", "::1", "0.0.0.1", false},
};

class Network : public testing::TestWithParam<NetworkCase> {};

TEST_P(Network, is_what_one_subscriber_has) {
    EXPECT_EQ(network(GetParam().one) == network(GetParam().other), GetParam().same);
}
INSTANTIATE_TEST_SUITE_P(table, Network, testing::ValuesIn(network_cases),
                         [](const auto& row) { return row.param.name; });

TEST(AddressLimiter, lets_a_minutes_worth_through_and_tells_once) {
    AddressLimiter limiter(1024, 1);
    const auto client = network("192.0.2.1");
    int told = 0;
    for (std::uint64_t i = 0; i < per_minute; ++i) {
        EXPECT_TRUE(limiter.allows(client, per_minute, begin)) << i;
        told += limiter.take(client, per_minute, begin);
    }
    EXPECT_FALSE(limiter.allows(client, per_minute, begin));
    for (int i = 0; i < 10; ++i)
        told += limiter.take(client, per_minute, begin);
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(limiter.allows(network("192.0.2.2"), per_minute, begin)) << "others are not touched";
}

TEST(AddressLimiter, calms_down_at_the_rate) {
    AddressLimiter limiter(1024, 1);
    const auto client = network("192.0.2.1");
    for (int i = 0; i < 200; ++i)
        limiter.take(client, per_minute, begin);
    EXPECT_FALSE(limiter.allows(client, per_minute, begin + 900ms)) << "what is beyond the limit is no debt";
    EXPECT_TRUE(limiter.allows(client, per_minute, begin + 1s));
    limiter.take(client, per_minute, begin + 1s);
    EXPECT_FALSE(limiter.allows(client, per_minute, begin + 1s));
    EXPECT_TRUE(limiter.allows(client, per_minute, begin + 1h));
}

TEST(AddressLimiter, without_a_limit_counts_nothing) {
    AddressLimiter limiter(1024, 1);
    const auto client = network("192.0.2.1");
    for (int i = 0; i < 1000; ++i)
        EXPECT_FALSE(limiter.take(client, 0, begin));
    EXPECT_TRUE(limiter.allows(client, 0, begin));
    EXPECT_TRUE(limiter.allows(client, 1, begin));
}

TEST(AddressLimiter, keeps_the_guilty_where_two_share_a_place) {
    AddressLimiter limiter(1, 1);
    const auto guilty = network("192.0.2.1");
    const auto innocent = network("192.0.2.2");
    for (std::uint64_t i = 0; i < per_minute; ++i)
        limiter.take(guilty, per_minute, begin);
    limiter.take(innocent, per_minute, begin);
    EXPECT_FALSE(limiter.allows(guilty, per_minute, begin)) << "another one washes it clean";
    EXPECT_TRUE(limiter.allows(innocent, per_minute, begin));
    limiter.take(innocent, per_minute, begin + 1min);
    EXPECT_TRUE(limiter.allows(guilty, per_minute, begin + 1min)) << "its minute is over";
}

}  // namespace
}  // namespace sallyport::gateway
