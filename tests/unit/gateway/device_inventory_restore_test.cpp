#include "gateway/device_inventory.h"

#include <functional>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t capacity = 1600;
const std::chrono::sys_seconds morning{std::chrono::hours(24 * 20000)};
const std::chrono::sys_seconds evening = morning + std::chrono::hours(12);

Sighting sighting(std::string_view cipher, std::string_view serial) {
    return {.listener = "fleet",
            .version = "TLSv1.2",
            .cipher = cipher,
            .key_bits = 2048,
            .proven = true,
            .serial = serial};
}

/// Without a certificate; the store has accepted its requests.
Sighting claim() {
    return {.listener = "open", .version = "TLSv1.3", .cipher = "AES128-SHA", .accepted = true};
}

Sighting in_shadow(std::size_t rules, std::optional<Reason> denial) {
    Sighting seen = sighting("AES128-SHA", "0A");
    seen.rules = rules;
    seen.shadow = seen.accepted = true;
    seen.denial = denial;
    return seen;
}

RefusedHandshake knock(std::string_view serial) {
    return {.listener = "gate", .reason = Reason::revoked, .detail = "why", .proven = true, .serial = serial};
}

/// What is known of the device A, by what an earlier process and this one have seen of it.
template <class Earlier, class Own>
KnownDevice after_both(Earlier earlier, Own own) {
    DeviceInventory before;
    earlier(before);
    DeviceInventory after;
    own(after);
    for (const KnownDevice& known : before.list())
        after.restore(known, capacity);
    EXPECT_EQ(after.size(), 1U);
    std::size_t counted = 0;
    for (const auto& [agreed, count] : after.totals())
        counted += count;
    EXPECT_LE(counted, 1U) << "of one device";
    return after.list().front();
}

TEST(RestoredInventory, is_as_before) {
    DeviceInventory before;
    for (int i = 0; i < 40; ++i) {
        const std::string device = "D" + std::to_string(i);
        before.note(device, i % 2 == 0 ? sighting("AES128-SHA", "0A") : in_shadow(7, Reason::revoked),
                    capacity, morning);
        before.count(device, {.requests = 3, .bytes_in = 1}, morning);
        before.refused(device, {.listener = "x", .reason = Reason::bad_signature, .detail = "why"}, capacity,
                       morning);
    }
    before.refused("R", knock("0B"), capacity, morning);
    DeviceInventory after;
    for (const KnownDevice& known : before.list())
        after.restore(known, capacity);
    EXPECT_EQ(after.list(), before.list());
    EXPECT_EQ(after.totals(), before.totals());
}

TEST(RestoredInventory, adds_up_what_both_counted) {
    const auto seen = [](std::string_view cipher, std::string_view serial, std::string_view why,
                         std::chrono::sys_seconds at) {
        return [=](DeviceInventory& inventory) {
            inventory.note("A", sighting(cipher, serial), capacity, at);
            inventory.count("A", {.requests = 3, .bytes_in = 5, .bytes_out = 7}, at);
            RefusedHandshake refused = knock("0F");
            refused.detail = why;
            inventory.refused("A", refused, capacity, at);
            refused.proven = false;
            inventory.refused("A", refused, capacity, at);
        };
    };
    const KnownDevice known = after_both(seen("AES128-SHA", "0A", "earlier", morning),
                                         seen("ECDHE-RSA-AES128-GCM-SHA256", "0B", "own", evening));
    EXPECT_EQ(known.first_seen, morning);
    EXPECT_EQ(known.last_seen, evening);
    EXPECT_EQ(known.cipher, "ECDHE-RSA-AES128-GCM-SHA256");
    EXPECT_EQ(known.serial, "0B");
    EXPECT_EQ(known.requests_seen, 6U);
    EXPECT_EQ(known.bytes_in, 10U);
    EXPECT_EQ(known.bytes_out, 14U);
    EXPECT_EQ(known.refusals, (Refusals{2, Reason::revoked, "own", evening}));
    EXPECT_EQ(known.claims, (Refusals{2, Reason::revoked, "own", evening}));
}

TEST(RestoredInventory, takes_what_shows_most_of_a_device) {
    const auto let_in = [](const char* serial) {
        return [=](DeviceInventory& inventory) {
            inventory.note("A", sighting("AES128-SHA", serial), capacity, morning);
        };
    };
    const auto refused = [](const char* serial) {
        return [=](DeviceInventory& inventory) { inventory.refused("A", knock(serial), capacity, morning); };
    };
    const auto claimed = [](DeviceInventory& inventory) { inventory.note("A", claim(), capacity, morning); };
    struct Case {
        const char* name;
        std::function<void(DeviceInventory&)> earlier;
        std::function<void(DeviceInventory&)> own;
        const char* version;
        const char* serial;
        bool proven;
    };
    const Case cases[] = {
        {"let in, then let in", let_in("0A"), let_in("0B"), "TLSv1.2", "0B", true},
        {"let in, then refused", let_in("0A"), refused("0B"), "TLSv1.2", "0A", true},
        {"let in, then claimed", let_in("0A"), claimed, "TLSv1.2", "0A", true},
        {"refused, then let in", refused("0A"), let_in("0B"), "TLSv1.2", "0B", true},
        {"refused, then refused", refused("0A"), refused("0B"), "", "0B", true},
        {"refused, then claimed", refused("0A"), claimed, "TLSv1.3", "0A", true},
        {"claimed, then let in", claimed, let_in("0B"), "TLSv1.2", "0B", true},
        {"claimed, then refused", claimed, refused("0B"), "TLSv1.3", "0B", true},
        {"claimed, then claimed", claimed, claimed, "TLSv1.3", "", false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const KnownDevice known = after_both(c.earlier, c.own);
        EXPECT_EQ(known.version, c.version);
        EXPECT_EQ(known.serial, c.serial);
        EXPECT_EQ(known.proven, c.proven);
    }
}

TEST(RestoredInventory, adds_up_shadow_counts_of_the_same_rules_only) {
    struct Case {
        const char* name;
        std::size_t rules;
        std::uint64_t requests;
        std::uint64_t denied;
        std::optional<Reason> last_denial;
    };
    const Case cases[] = {
        {"the same rules", 7, 2, 1, Reason::wrong_prefix},
        {"others", 8, 1, 0, std::nullopt},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const KnownDevice known = after_both(
            [](DeviceInventory& before) {
                before.note("A", in_shadow(7, Reason::wrong_prefix), capacity, morning);
            },
            [&](DeviceInventory& after) {
                after.note("A", in_shadow(c.rules, std::nullopt), capacity, evening);
            });
        EXPECT_EQ(known.rules, c.rules);
        EXPECT_EQ(known.requests, c.requests);
        EXPECT_EQ(known.denied, c.denied);
        EXPECT_EQ(known.last_denial, c.last_denial);
    }
}

}  // namespace
}  // namespace sallyport::gateway
