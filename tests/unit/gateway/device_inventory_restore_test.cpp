#include "gateway/device_inventory.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t capacity = 1600;
const std::chrono::sys_seconds morning{std::chrono::hours(24 * 20000)};

Sighting sighting(std::string_view cipher, std::string_view serial) {
    return {.listener = "fleet",
            .version = "TLSv1.2",
            .cipher = cipher,
            .key_bits = 2048,
            .proven = true,
            .serial = serial};
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

}  // namespace
}  // namespace sallyport::gateway
