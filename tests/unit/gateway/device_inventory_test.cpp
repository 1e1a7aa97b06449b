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
    seen.shadow = seen.accepted = true;
    seen.proven = refusal != Reason::no_certificate;
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

// ---- what strangers can say --------------------------------------------------------------------------

TEST(DeviceInventory, takes_nobodys_word) {
    DeviceInventory inventory;
    Sighting refused_by_ramp = in_shadow(Reason::no_certificate);
    refused_by_ramp.accepted = false;
    EXPECT_FALSE(inventory.note("INVENTED", refused_by_ramp, capacity, morning));
    EXPECT_TRUE(inventory.list().empty());
    EXPECT_TRUE(inventory.totals().empty());

    inventory.note("A", in_shadow(Reason::no_certificate), capacity, morning);
    refused_by_ramp.enforced = true;
    EXPECT_FALSE(inventory.note("A", refused_by_ramp, capacity, morning)) << "nothing to tell";
    EXPECT_EQ(inventory.list().front().denied, 2U) << "but it counts";
    EXPECT_FALSE(inventory.list().front().enforced);
}

TEST(DeviceInventory, keeps_what_a_certificate_proved_against_a_claim) {
    DeviceInventory inventory;
    inventory.note("A", in_shadow(std::nullopt), capacity, morning);
    EXPECT_FALSE(inventory.note("A", in_shadow(Reason::no_certificate), capacity, morning));
    const KnownDevice known = inventory.list().front();
    EXPECT_TRUE(known.proven);
    EXPECT_EQ(known.refusal, std::nullopt);
    EXPECT_EQ(known.key_bits, 2048U);
    EXPECT_EQ(known.denied, 1U) << "somebody came without its certificate";
    EXPECT_EQ(known.last_denial, Reason::no_certificate);
}

TEST(DeviceInventory, counts_only_keys_of_those_who_proved_themselves) {
    DeviceInventory inventory;
    Sighting odd = sighting("AES128-SHA", 515);
    odd.proven = false;
    odd.accepted = true;
    inventory.note("A", odd, capacity, morning);
    EXPECT_EQ(inventory.totals().begin()->first, (DeviceInventory::Agreed{"TLSv1.2", "AES128-SHA", 0}));
    EXPECT_EQ(inventory.list().front().key_bits, 515U);
}

TEST(DeviceInventory, begins_to_count_anew_with_other_rules) {
    DeviceInventory inventory;
    Sighting denied = in_shadow(std::nullopt, Reason::wrong_prefix);
    denied.rules = 1;
    inventory.note("A", denied, capacity, morning);
    Sighting served = in_shadow(std::nullopt);
    served.rules = 1;
    inventory.note("A", served, capacity, morning);
    EXPECT_EQ(inventory.list().front().denied, 1U);
    served.rules = 2;
    inventory.note("A", served, capacity, morning);
    EXPECT_EQ(inventory.list().front().denied, 0U);
    EXPECT_EQ(inventory.list().front().requests, 1U);
    EXPECT_EQ(inventory.list().front().last_denial, std::nullopt);
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
    EXPECT_FALSE(report.is_clean);
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
    EXPECT_FALSE(shadow_report(shadow_view(inventory), false).is_clean);
}

TEST(ShadowReport, is_clean_when_all_are_served) {
    DeviceInventory inventory;
    EXPECT_TRUE(shadow_report(shadow_view(inventory), false).is_clean);
    inventory.note("A", in_shadow(std::nullopt), capacity, morning);
    EXPECT_TRUE(shadow_report(shadow_view(inventory), false).is_clean);
    EXPECT_FALSE(inventory.note("", in_shadow(Reason::no_certificate), capacity, morning));
    const ShadowReport report = shadow_report(shadow_view(inventory), false);
    EXPECT_FALSE(report.is_clean) << "somebody uses it who is no device";
    EXPECT_THAT(report.text,
                HasSubstr("requests about no device that mode high denies: 1, the last: no_certificate"));
}

TEST(ShadowReport, takes_nothing_but_a_report) {
    EXPECT_ANY_THROW(shadow_report("{}", false));
    EXPECT_ANY_THROW(shadow_report("<html>", false));
    EXPECT_ANY_THROW(shadow_report(R"({"devices":[{}],"sightings_left_out":0})", false));
}

}  // namespace
}  // namespace sallyport::gateway
