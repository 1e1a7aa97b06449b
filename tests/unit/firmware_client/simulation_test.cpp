#include "firmware-client/simulation.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

using std::chrono::microseconds;

TEST(Latencies, are_empty_at_first) {
    const Latencies none;
    EXPECT_EQ(none.count(), 0U);
    EXPECT_EQ(none.percentile(0.5).count(), 0);
    EXPECT_EQ(none.longest().count(), 0);
}

TEST(Latencies, of_a_single_one_is_that_one) {
    for (const std::int64_t time : {0, 1, 31, 32, 33, 12345, 60'000'000}) {
        Latencies latencies;
        latencies.record(microseconds{time});
        for (const double share : {0.0, 0.5, 0.99, 1.0})
            EXPECT_EQ(latencies.percentile(share).count(), time) << share;
    }
}

TEST(Latencies, are_exact_to_a_32nd) {
    Latencies latencies;
    for (int i = 1; i <= 100'000; ++i)
        latencies.record(microseconds{i});
    EXPECT_EQ(latencies.count(), 100'000U);
    EXPECT_EQ(latencies.longest().count(), 100'000);
    for (const double share : {0.1, 0.5, 0.9, 0.99, 0.999}) {
        const auto exact = static_cast<std::int64_t>(share * 100'000);
        EXPECT_GE(latencies.percentile(share).count(), exact);
        EXPECT_LE(latencies.percentile(share).count(), exact + exact / 32 + 1);
    }
}

TEST(Latencies, take_anything) {
    Latencies latencies;
    latencies.record(microseconds{-5});
    latencies.record(microseconds::max());
    EXPECT_EQ(latencies.percentile(0.5).count(), 0);
    EXPECT_GT(latencies.percentile(1).count(), 1'000'000'000'000);
}

TEST(Simulation, speaks_to_loopback_or_one_named_host) {
    for (const char* host : {"127.0.0.1", "127.1.2.3", "localhost"})
        EXPECT_TRUE(may_simulate_against(host, "")) << host;
    for (const char* host :
         {"128.0.0.1", "10.0.0.1", "127.0.0.1.example.test", "gw.example.test", "0.0.0.0", ""})
        EXPECT_FALSE(may_simulate_against(host, "")) << host;
    EXPECT_TRUE(may_simulate_against("gw.example.test", "gw.example.test"));
    EXPECT_FALSE(may_simulate_against("other.example.test", "gw.example.test"));
}

TEST(Simulation, says_who_was_refused_and_why) {
    SimulationTotals totals;
    totals.visits = 5;
    totals.bytes = 2'000'000;
    totals.visits_by_trouble[static_cast<std::size_t>(Trouble::none)] = 4;
    totals.visits_by_trouble[static_cast<std::size_t>(Trouble::certificate_revoked)] = 1;
    totals.devices_by_trouble[static_cast<std::size_t>(Trouble::none)] = 2;
    totals.devices_by_trouble[static_cast<std::size_t>(Trouble::certificate_revoked)] = 1;
    totals.not_visited = 1;
    totals.connect.record(microseconds{1500});
    EXPECT_EQ(simulation_text(totals, 4, std::chrono::seconds{2}),
              "4 devices, 5 visits in 2 s (2.5 a second), 2.0 MB put\n"
              "ms            count       p50       p90       p99       max\n"
              "connect           1       1.5       1.5       1.5       1.5\n"
              "HEAD              0       0.0       0.0       0.0       0.0\n"
              "PUT               0       0.0       0.0       0.0       0.0\n"
              "state                   devices    visits\n"
              "ok                            2         4\n"
              "revoked                       1         1\n"
              "not visited yet               1\n");
    EXPECT_EQ(simulation_progress(totals, std::chrono::seconds{1}, std::chrono::seconds{2}),
              "1 of 2 s  5 visits, 1 in trouble  connect p99 1.5 ms");
}

}  // namespace
}  // namespace sallyport::device
