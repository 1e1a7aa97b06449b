#include "gateway/device_inventory.h"

#include "gateway/inventory_views.h"
#include "gateway/shadow_report.h"

#include <cstdio>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

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

std::string shadow_view(const DeviceInventory& inventory) {
    return whole(InventoryView(inventory, {.view = InventoryQuestion::View::shadow}, morning));
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

TEST(DeviceInventory, takes_no_notice_of_a_claim_that_the_store_did_not_accept) {
    DeviceInventory inventory;
    inventory.note("A", in_shadow(std::nullopt), capacity, morning);
    Sighting claim = in_shadow(Reason::no_certificate);
    claim.accepted = false;
    EXPECT_FALSE(inventory.note("A", claim, capacity, morning + std::chrono::hours(1)));
    const KnownDevice known = inventory.list().front();
    EXPECT_EQ(known.last_seen, morning);
    EXPECT_EQ(std::pair(known.requests, known.denied), std::pair(std::uint64_t{1}, std::uint64_t{0}));
}

TEST(DeviceInventory, a_view_goes_on_behind_a_page_that_has_nothing_to_show) {
    DeviceInventory inventory;
    for (int i = 0; i < 1200; ++i)
        inventory.note("D" + std::to_string(1000 + i), sighting("AES128-SHA"), capacity, morning);
    inventory.note("Z", in_shadow(std::nullopt), capacity, morning);
    InventoryView view(inventory, {.view = InventoryQuestion::View::shadow}, morning);
    std::size_t pieces = 0;
    for (std::string piece = view.next(); !piece.empty(); piece = view.next())
        ++pieces;
    EXPECT_GE(pieces, 5U) << "a page at a time";
    EXPECT_THAT(shadow_view(inventory), HasSubstr(R"("device":"Z")"));
    EXPECT_THAT(shadow_view(inventory), HasSubstr(R"("known":1201)"));
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
    EXPECT_EQ(inventory.list().size(), capacity);
    EXPECT_EQ(inventory.list().size() + inventory.left_out(), 10'000U);
    const std::string known = inventory.list().front().device;
    const auto before = inventory.left_out();
    inventory.note(known, sighting("AES128-SHA256"), capacity, morning);
    EXPECT_EQ(inventory.left_out(), before) << "whoever is known stays so";
}

// ---- use and refusals --------------------------------------------------------------------------------

DeviceUse use(std::uint64_t requests, std::uint64_t refused = 0) {
    DeviceUse used{.requests = requests, .bytes_in = 100 * requests, .bytes_out = 10 * requests};
    if (refused > 0) used.refusals = {refused, Reason::wrong_prefix, "PutObject on fleet/B/x", morning};
    return used;
}

TEST(DeviceInventory, adds_up_what_a_device_used) {
    DeviceInventory inventory;
    Sighting seen = sighting("AES128-SHA");
    const DeviceUse first = use(2);
    seen.use = &first;
    inventory.note("A", seen, capacity, morning);
    inventory.count("A", use(3, 1), morning + std::chrono::seconds(5));
    inventory.count("UNKNOWN", use(3), morning);
    const auto devices = inventory.list();
    ASSERT_EQ(devices.size(), 1U) << "use alone makes nobody known";
    EXPECT_EQ(devices[0].requests_seen, 5U);
    EXPECT_EQ(devices[0].bytes_in, 500U);
    EXPECT_EQ(devices[0].bytes_out, 50U);
    EXPECT_EQ(devices[0].last_seen, morning + std::chrono::seconds(5));
    EXPECT_EQ(devices[0].refusals, (Refusals{1, Reason::wrong_prefix, "PutObject on fleet/B/x", morning}));
    EXPECT_EQ(devices[0].claims, Refusals{});
}

TEST(DeviceInventory, counts_requests_that_showed_the_same) {
    DeviceInventory inventory;
    Sighting denied = in_shadow(std::nullopt, Reason::wrong_prefix);
    denied.rules = 7;
    inventory.note("A", denied, capacity, morning);
    const auto repeat = [&](const Repetition& repetition) {
        inventory.repeated("A", repetition, use(2), morning + std::chrono::seconds(1));
        return inventory.list().front();
    };
    KnownDevice known = repeat({.requests = 2, .denied = true, .proven = true, .rules = 7});
    EXPECT_EQ(std::pair(known.requests, known.denied), std::pair(std::uint64_t{3}, std::uint64_t{3}));
    EXPECT_EQ(known.requests_seen, 2U);
    known = repeat({.requests = 2, .denied = false, .proven = true, .rules = 7});
    EXPECT_EQ(std::pair(known.requests, known.denied), std::pair(std::uint64_t{5}, std::uint64_t{3}));
    known = repeat({.requests = 2, .denied = true, .proven = true, .rules = 6});
    EXPECT_EQ(known.requests, 5U) << "of rules that are no longer in force";
    known = repeat({.requests = 1, .denied = true, .proven = false, .rules = 7});
    EXPECT_EQ(known.denied, 4U) << "a claim counts";
    EXPECT_EQ(known.requests_seen, 6U) << "but its bytes are not those of the device";
    inventory.repeated("UNKNOWN", {.requests = 1}, use(1), morning);
    EXPECT_EQ(inventory.size(), 1U);
}

TEST(DeviceInventory, counts_no_use_of_a_claim_for_a_device_that_proved_itself) {
    DeviceInventory inventory;
    inventory.note("A", in_shadow(std::nullopt), capacity, morning);
    Sighting claim = in_shadow(Reason::no_certificate);
    const DeviceUse used = use(7, 7);
    claim.use = &used;
    inventory.note("A", claim, capacity, morning);
    inventory.note("B", claim, capacity, morning);
    EXPECT_EQ(inventory.list()[0].requests_seen, 0U);
    EXPECT_EQ(inventory.list()[0].refusals.count, 0U);
    EXPECT_EQ(inventory.list()[1].requests_seen, 7U)
        << "nobody has proved to be B, and the store accepted it";
}

TEST(DeviceInventory, tells_refusals_of_a_device_from_those_of_strangers) {
    DeviceInventory inventory;
    const RefusedHandshake forged{
        .listener = "x", .reason = Reason::untrusted_issuer, .detail = "by CN=evil"};
    inventory.refused("A", forged, capacity, morning);
    inventory.refused("", forged, capacity, morning);
    EXPECT_EQ(inventory.size(), 0U) << "a stranger's word makes nobody known";

    inventory.note("A", sighting("AES128-SHA"), capacity, morning);
    const KnownDevice before = inventory.list().front();
    inventory.refused("A", forged, capacity, morning + std::chrono::hours(1));
    KnownDevice after = inventory.list().front();
    EXPECT_EQ(after.claims,
              (Refusals{1, Reason::untrusted_issuer, "by CN=evil", morning + std::chrono::hours(1)}));
    after.claims = {};
    EXPECT_EQ(after, before) << "nothing else has changed";

    const RefusedHandshake revoked{.listener = "gate",
                                   .reason = Reason::revoked,
                                   .detail = "serial 0A",
                                   .proven = true,
                                   .serial = "0A",
                                   .certificate_not_after = morning};
    inventory.refused("A", revoked, capacity, morning + std::chrono::hours(2));
    inventory.refused("B", revoked, capacity, morning + std::chrono::hours(2));
    const auto devices = inventory.list();
    EXPECT_EQ(devices[0].refusals.count, 1U);
    EXPECT_EQ(devices[0].refusals.last, Reason::revoked);
    EXPECT_EQ(devices[0].last_seen, morning + std::chrono::hours(2));
    EXPECT_EQ(devices[0].cipher, "AES128-SHA");
    ASSERT_EQ(devices.size(), 2U) << "a revoked device that knocks is shown";
    EXPECT_EQ(devices[1].listener, "gate");
    EXPECT_EQ(devices[1].serial, "0A");
    EXPECT_EQ(inventory.totals().size(), 1U) << "B has agreed on nothing";
}

TEST(DeviceInventory, shows_the_certificate_that_is_let_in) {
    struct Step {
        bool let_in;
        const char* serial;
        const char* shown;
    };
    const Step steps[] = {{false, "0A", "0A"}, {false, "0B", "0B"}, {true, "0C", "0C"},
                          {false, "0A", "0C"}, {true, "0D", "0D"},  {false, "0E", "0D"}};
    const auto end_of = [](std::string_view serial) { return morning + std::chrono::days(serial[1]); };
    DeviceInventory inventory;
    for (const Step& step : steps) {
        SCOPED_TRACE(step.serial);
        Sighting seen = sighting("AES128-SHA");
        seen.serial = step.serial;
        seen.certificate_not_after = end_of(step.serial);
        if (step.let_in) {
            inventory.note("A", seen, capacity, morning);
        } else {
            inventory.refused("A",
                              {"fleet", Reason::revoked, step.serial, true, step.serial, end_of(step.serial)},
                              capacity, morning);
            EXPECT_EQ(inventory.list().front().refusals.detail, step.serial) << "which one it was";
        }
        EXPECT_EQ(inventory.list().front().serial, step.shown);
        EXPECT_EQ(inventory.list().front().certificate_not_after, end_of(step.shown));
    }
    DeviceInventory restored;
    restored.restore(inventory.list().front(), capacity);
    restored.refused("A", {"fleet", Reason::revoked, "", true, "0F"}, capacity, morning);
    EXPECT_EQ(restored.list().front().serial, "0D") << "nor does a restart forget it";
}

TEST(DeviceInventory, shows_a_refused_certificate_when_it_was_let_in_without_one) {
    DeviceInventory inventory;
    inventory.note("A", in_shadow(Reason::no_certificate), capacity, morning);
    for (const char* serial : {"0A", "0B"}) {
        inventory.refused("A", {"fleet", Reason::revoked, "", true, serial}, capacity, morning);
        EXPECT_EQ(inventory.list().front().serial, serial);
    }
    EXPECT_EQ(inventory.totals().size(), 1U);
}

TEST(DeviceInventory, gives_pages_in_order) {
    DeviceInventory inventory;
    std::vector<std::string> all;
    for (int i = 100; i < 200; ++i)
        all.push_back("D" + std::to_string(i));
    for (const std::string& device : all)
        inventory.note(device, sighting("AES128-SHA"), capacity, morning);
    for (const std::size_t limit : {1U, 7U, 99U, 100U, 101U}) {
        std::vector<std::string> seen;
        for (std::string after;;) {
            const auto page = inventory.page(after, limit);
            EXPECT_LE(page.size(), limit);
            if (page.empty()) break;
            for (const KnownDevice& known : page)
                seen.push_back(known.device);
            after = seen.back();
        }
        EXPECT_EQ(seen, all) << limit;
    }
    inventory.refused("D150", {.listener = "x", .reason = Reason::bad_signature, .detail = ""}, capacity,
                      morning + std::chrono::hours(1));
    const auto changed = inventory.page("", 10, morning + std::chrono::seconds(1));
    ASSERT_EQ(changed.size(), 1U);
    EXPECT_EQ(changed[0].device, "D150");
    EXPECT_EQ(changed[0].last_seen, morning) << "a claim is no sighting";
}

/// What the allocator holds; 0 when a sanitizer has taken its place.
std::size_t heap_bytes() {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// 100,000 devices, each with texts of its own as long as they may be, and as many again that find no room.
TEST(DeviceInventory, takes_less_than_60_MiB) {
    constexpr std::size_t most = 100'000;
    const std::size_t before = heap_bytes();
    if (before == 0) GTEST_SKIP() << "a sanitizer's allocator does not tell";
    const auto fill = [](DeviceInventory& inventory, std::size_t id_bytes, bool own_texts) {
        for (std::size_t i = 0; i < 2 * most; ++i) {
            std::string device = std::to_string(1'000'000 + i);
            device.insert(0, id_bytes - device.size(), 'D');
            const std::string detail = own_texts ? device + std::string(200, 'x') : "why";
            Sighting seen = in_shadow(Reason::revoked, Reason::wrong_prefix);
            seen.cipher = "ECDHE-RSA-AES128-GCM-SHA256";
            seen.refusal_detail = seen.denial_detail = detail;
            seen.serial = "0123456789ABCDEF0123456789ABCDEF01234567";
            const DeviceUse used{1, 1, 1, {1, Reason::wrong_prefix, detail + "!", morning}};
            seen.use = &used;
            inventory.note(device, seen, most, morning);
            inventory.refused(device, {"x", Reason::bad_signature, detail + "?"}, most, morning);
        }
    };
    for (const bool worst : {false, true}) {
        const std::size_t empty = heap_bytes();
        DeviceInventory inventory;
        fill(inventory, worst ? 128 : 8, worst);
        const std::size_t bytes = heap_bytes() - empty;
        EXPECT_EQ(inventory.size(), most);
        EXPECT_LT(bytes, 60U << 20U);
        EXPECT_GT(bytes, 10U << 20U) << "it is measured";
        std::printf("    %s: %zu devices, %.1f MiB\n", worst ? "long names, texts of their own" : "usual",
                    inventory.size(), static_cast<double>(bytes) / (1 << 20));
    }
}

TEST(DeviceInventory, is_safe_from_many_threads) {
    DeviceInventory inventory;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&inventory] {
            for (int i = 0; i < 2000; ++i) {
                inventory.note("D" + std::to_string(i % 100), sighting("AES128-SHA"), capacity, morning);
                if (i % 500 == 0) inventory.list();
                if (i % 7 == 0) inventory.count("D" + std::to_string(i % 100), use(1), morning);
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
