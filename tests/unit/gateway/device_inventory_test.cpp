#include "gateway/device_inventory.h"

#include "gateway/inventory_views.h"
#include "gateway/shadow_report.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t capacity = 1600;
const std::chrono::sys_seconds morning{std::chrono::hours(24 * 20000)};

Sighting sighting(std::string_view cipher, unsigned key_bits = 2048) {
    return {
        .listener = "fleet", .version = "TLSv1.2", .cipher = cipher, .key_bits = key_bits, .proven = true};
}

Sighting in_shadow(std::optional<Reason> refusal, std::optional<Reason> denial = std::nullopt) {
    Sighting seen = sighting("AES128-SHA", refusal == Reason::no_certificate ? 0 : 2048);
    seen.shadow = true;
    seen.refusal = refusal;
    seen.denial = denial ? denial : refusal;
    return seen;
}

TEST(DeviceInventory, keeps_the_last_of_each_device) {
    DeviceInventory inventory;
    inventory.note("B", sighting("AES128-SHA"), capacity, morning);
    inventory.note("A", sighting("AES128-SHA"), capacity, morning);
    inventory.note("B", sighting("ECDHE-RSA-AES128-GCM-SHA256"), capacity, morning + std::chrono::hours(1));
    const auto devices = inventory.list();
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].device, "A");
    EXPECT_EQ(devices[1].cipher, "ECDHE-RSA-AES128-GCM-SHA256");
    EXPECT_EQ(devices[1].first_seen, morning);
    EXPECT_EQ(devices[1].last_seen, morning + std::chrono::hours(1));
}

TEST(DeviceInventory, totals_count_each_device_once) {
    DeviceInventory inventory;
    for (int round = 0; round < 3; ++round) {
        for (const char* device : {"A", "B", "C"})
            inventory.note(device, sighting("AES128-SHA"), capacity, morning);
    }
    inventory.note("C", sighting("ECDHE-RSA-AES128-GCM-SHA256", 1024), capacity, morning);
    const std::map<DeviceInventory::Agreed, std::size_t> expected{
        {{"TLSv1.2", "AES128-SHA", 2048}, 2}, {{"TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", 1024}, 1}};
    EXPECT_EQ(inventory.totals(), expected);
}

TEST(DeviceInventory, says_when_the_verdict_changes) {
    DeviceInventory inventory;
    const auto note = [&](const Sighting& seen) { return inventory.note("A", seen, capacity, morning); };
    EXPECT_TRUE(note(in_shadow(Reason::no_certificate))) << "the first";
    EXPECT_FALSE(note(in_shadow(Reason::no_certificate)));
    EXPECT_TRUE(note(in_shadow(std::nullopt))) << "it has a certificate now";
    EXPECT_FALSE(note(in_shadow(std::nullopt, Reason::wrong_prefix))) << "a request is no verdict about it";
    EXPECT_TRUE(note(in_shadow(Reason::revoked)));
    Sighting enforced = in_shadow(Reason::revoked);
    enforced.enforced = true;
    EXPECT_TRUE(note(enforced)) << "the ramp has reached it";
}

TEST(DeviceInventory, is_bounded) {
    DeviceInventory inventory;
    for (int i = 0; i < 10'000; ++i)
        inventory.note("D" + std::to_string(i), sighting("AES128-SHA"), capacity, morning);
    EXPECT_LE(inventory.list().size(), capacity);
    EXPECT_EQ(inventory.list().size() + inventory.left_out(), 10'000U);
    const std::string known = inventory.list().front().device;
    const auto before = inventory.left_out();
    inventory.note(known, sighting("AES128-SHA256"), capacity, morning);
    EXPECT_EQ(inventory.left_out(), before) << "whoever is known stays so";
}

TEST(DeviceInventory, is_safe_from_many_threads) {
    DeviceInventory inventory;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&inventory] {
            for (int i = 0; i < 2000; ++i) {
                inventory.note("D" + std::to_string(i % 100), sighting("AES128-SHA"), capacity, morning);
                if (i % 500 == 0) inventory.list();
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(inventory.list().size(), 100U);
}

// ---- the report -------------------------------------------------------------------------------------

TEST(ShadowReport, names_those_whom_mode_high_would_not_serve) {
    DeviceInventory inventory;
    inventory.note("AAAA0001", in_shadow(std::nullopt), capacity, morning);
    inventory.note("AAAA0002", in_shadow(Reason::revoked), capacity, morning);
    Sighting elsewhere = in_shadow(std::nullopt, Reason::wrong_prefix);
    elsewhere.denial_detail = "PutObject on fleet/AAAA0001/x";
    inventory.note("AAAA0003", elsewhere, capacity, morning);
    inventory.note("AAAA0004", sighting("AES128-SHA"), capacity,
                   morning);  // not on a listener in shadow mode

    const ShadowReport report = shadow_report(shadow_view(inventory), false);
    EXPECT_EQ(report.refused, 2U);
    EXPECT_THAT(report.text,
                HasSubstr("AAAA0002  2024-10-04T00:00:00Z  TLSv1.2 AES128-SHA  2048      refused: revoked"));
    EXPECT_THAT(report.text, HasSubstr("1 requests denied: wrong_prefix (PutObject on fleet/AAAA0001/x)"));
    EXPECT_THAT(report.text, Not(HasSubstr("AAAA0001  ")));
    EXPECT_THAT(report.text, HasSubstr("3 devices seen, 1 would be served by mode high, 2 would not"));
    EXPECT_THAT(shadow_report(shadow_view(inventory), true).text, HasSubstr("AAAA0001  "));
}

TEST(ShadowReport, says_when_it_is_incomplete) {
    DeviceInventory inventory;
    for (int i = 0; i < 100; ++i)
        inventory.note("D" + std::to_string(i), in_shadow(std::nullopt), 16, morning);
    EXPECT_THAT(shadow_report(shadow_view(inventory), false).text, HasSubstr("incomplete: "));
}

TEST(ShadowReport, takes_nothing_but_a_report) {
    EXPECT_ANY_THROW(shadow_report("{}", false));
    EXPECT_ANY_THROW(shadow_report("<html>", false));
    EXPECT_ANY_THROW(shadow_report(R"({"devices":[{}],"sightings_left_out":0})", false));
}

}  // namespace
}  // namespace sallyport::gateway
