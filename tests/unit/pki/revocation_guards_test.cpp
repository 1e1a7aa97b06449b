// Mishaps of a CA and of those who copy its lists: none may un-revoke anybody, nor lock everybody out.
#include "tests/support/revocation_lists.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::ask;
using test::Authority;
using test::build;
using test::Built;
using test::crl;
using test::now;
using namespace std::chrono_literals;
using Status = RevocationAnswer::Status;
using Words = std::vector<std::string>;

const std::string a = "\x0A";
const std::string b = "\x0B";
const std::string x = "\x0C";

/// Nothing has expired yet, and it is now.
const ShrinkGuard guard{std::chrono::hours(24 * 36500), {}, now};

ShrinkGuard accepting(const RevocationIndex& index, const std::string& number) {
    ShrinkGuard accepted = guard;
    for (const CrlFacts* facts : index.crls()) {
        if (facts->number == number) accepted.accepted.insert(facts->sha256);
    }
    return accepted;
}

TEST(ShrinkGuard, accepts_one_crl_and_no_other_beside_it) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, {.serials = {a, b, x}})}).index;
    const std::string delta = crl(ca, {.number = "\x09", .base = "\x05", .removed = {x}});
    const std::string forgetful = crl(ca, {.number = "\x06", .serials = {x}});
    const auto after =
        build({&ca}, {delta, forgetful}, &before, 0s, accepting(build({&ca}, {forgetful, delta}).index, "9"));
    EXPECT_EQ(after.results, (Words{"loaded", "shrink"}));
    EXPECT_EQ(ask(after.index, ca, a), Status::revoked);
    EXPECT_EQ(ask(after.index, ca, x), Status::good) << "what was accepted";

    const std::string complete = crl(ca, {.number = "\x06", .serials = {a, b}});
    const std::string greedy = crl(ca, {.number = "\x09", .base = "\x05", .removed = {a, b}});
    const auto reverse =
        build({&ca}, {greedy, complete}, &before, 0s, accepting(build({&ca}, {complete, greedy}).index, "6"));
    EXPECT_EQ(reverse.results, (Words{"shrink", "loaded"}));
    EXPECT_EQ(ask(reverse.index, ca, a), Status::revoked);
    EXPECT_EQ(ask(reverse.index, ca, x), Status::good) << "what was accepted";
}

TEST(ShrinkGuard, does_not_hide_a_good_list_behind_a_refused_one) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, {.serials = {a}})}).index;
    const std::string good = crl(ca, {.number = "\x06", .serials = {a, x}});
    const std::string forgetful = crl(ca, {.number = "\x07", .serials = {b}});
    const Built after = build({&ca}, {good, forgetful}, &before, 0s, guard);
    EXPECT_EQ(after.results, (Words{"loaded", "shrink"}));
    EXPECT_EQ(ask(after.index, ca, x), Status::revoked);
}

TEST(ShrinkGuard, is_not_disarmed_by_a_list_of_the_far_future) {
    const Authority ca(0);
    ShrinkGuard three_years = guard;
    three_years.longest_lifetime = std::chrono::hours(24 * 1100);
    const auto before = build({&ca}, {crl(ca, {.serials = {a}})}).index;
    const auto in_years = now + 24h * 1200;
    const Built after =
        build({&ca},
              {crl(ca, {.number = "\x06", .this_update = in_years, .next_update = in_years + 24h}),
               crl(ca, {.number = "\x07",
                        .this_update = in_years,
                        .next_update = in_years + 24h,
                        .base = "\x05",
                        .removed = {a}})},
              &before, 0s, three_years);
    EXPECT_EQ(after.results, (Words{"scope", "scope"}));
    EXPECT_EQ(ask(after.index, ca, a), Status::revoked);
}

TEST(ListOfTomorrow, does_not_take_the_place_of_the_one_in_force) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, {.next_update = now + 48h})}).index;
    const std::string early =
        crl(ca, {.number = "\x06", .serials = {a}, .this_update = now + 24h, .next_update = now + 72h});
    const Built today = build({&ca}, {early}, &before, 0s, guard);
    EXPECT_EQ(today.results, Words{"scope"});
    EXPECT_EQ(ask(today.index, ca, b), Status::good);
    ShrinkGuard next_day = guard;
    next_day.now = now + 24h;
    const Built tomorrow = build({&ca}, {early}, &today.index, 0s, next_day);
    EXPECT_EQ(tomorrow.results, Words{"loaded"});
    EXPECT_EQ(ask(tomorrow.index, ca, a, now + 24h), Status::revoked);
}

TEST(ListOfTomorrow, as_a_delta_does_not_stop_later_revocations) {
    const Authority ca(0);
    const std::string complete = crl(ca, {});
    const auto before = build({&ca}, {complete}).index;
    const std::string early =
        crl(ca, {.number = "\x06", .this_update = now + 24h, .next_update = now + 48h, .base = "\x05"});
    const Built wrong = build({&ca}, {complete, early}, &before, 0s, guard);
    EXPECT_EQ(wrong.results, (Words{"unchanged", "scope"}));
    const Built next = build({&ca}, {complete, crl(ca, {.number = "\x07", .serials = {a}, .base = "\x05"})},
                             &wrong.index, 0s, guard);
    EXPECT_EQ(ask(next.index, ca, a), Status::revoked);
}

TEST(ListOfTomorrow, is_better_than_none) {
    const Authority ca(0);
    const std::string early = crl(ca, {.serials = {a}, .this_update = now + 24h, .next_update = now + 72h});
    const Built built = build({&ca}, {early}, nullptr, 0s, guard);
    EXPECT_EQ(built.results, Words{"loaded"});
    EXPECT_EQ(ask(built.index, ca, b), Status::crl_missing) << "nobody gets in by it yet";
    EXPECT_EQ(ask(built.index, ca, a), Status::revoked);
}

TEST(LostList, is_told) {
    const Authority ca(0);
    const std::string complete = crl(ca, {});
    const auto before = build({&ca}, {complete}).index;
    const auto unoffered = [&](const std::vector<std::string>& offered) {
        RevocationIndexBuilder builder({ca.certificate.get()}, {}, &before, guard);
        for (const std::string& der : offered)
            (void)builder.add("a.crl", test::bytes(der));
        return builder.finish().unoffered.size();
    };
    EXPECT_EQ(unoffered({complete}), 0U);
    EXPECT_EQ(unoffered({crl(ca, {.number = "\x04"})}), 0U) << "that is a rollback, told as such";
    EXPECT_EQ(unoffered({crl(ca, {.number = "\x06"})}), 0U);
    EXPECT_EQ(unoffered({}), 1U);
    EXPECT_EQ(unoffered({crl(ca, {.number = "\x06", .base = "\x05"})}), 1U) << "a delta is no replacement";
}

TEST(Rollback, is_noticed_after_an_authority_was_away) {
    const Authority ca(0);
    const Authority other(1, "Other");
    const std::string others = crl(other, {});
    const auto first = build({&ca, &other}, {crl(ca, {.serials = {a}}), others}).index;
    const auto away = build({&other}, {others}, &first).index;
    EXPECT_EQ(ask(away, ca, a), Status::crl_missing) << "nobody asks for it meanwhile";
    const auto still_away = build({&other}, {others}, &away).index;
    const Built back = build({&ca, &other}, {crl(ca, {.number = "\x04"}), others}, &still_away, 0s, guard);
    EXPECT_EQ(back.results, (Words{"rollback", "unchanged"}));
    EXPECT_EQ(ask(back.index, ca, a), Status::revoked);
}

}  // namespace
}  // namespace sallyport::pki
