// Delta CRLs (RFC 5280 5.2.4): applied, removeFromCRL included, and never passed over in silence.
#include "tests/support/revocation_lists.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::ask;
using test::Authority;
using test::build;
using test::Built;
using test::crl;
using test::List;
using test::no_guard;
using test::now;
using namespace std::chrono_literals;
using Status = RevocationAnswer::Status;
using Words = std::vector<std::string>;

/// Nothing has expired yet: every serial that a list forgets counts.
const ShrinkGuard strict_guard{std::chrono::hours(24 * 36500), {}};

/// Serial 1 is revoked and 2 on hold since number 5.
const List five{.number = "\x05", .serials = {"\x01"}, .held = {"\x02"}};
const List six{.number = "\x06", .serials = {"\x01", "\x06"}, .held = {"\x02"}};
const List seven{.number = "\x07", .serials = {"\x01", "\x06"}, .held = {"\x02"}};
/// Deltas to number 5: 6 revokes serial 6; 7 does and releases the hold of 2.
const List delta_six{.number = "\x06", .serials = {"\x06"}, .base = "\x05"};
const List delta_seven{.number = "\x07", .serials = {"\x06"}, .base = "\x05", .removed = {"\x02"}};
const List delta_eight_to_seven{.number = "\x08", .serials = {"\x08"}, .base = "\x07"};
const List delta_that_forgets{.number = "\x08", .base = "\x05"};
const List delta_that_un_revokes{.number = "\x08", .serials = {"\x06"}, .base = "\x05", .removed = {"\x01"}};

struct DeltaCase {
    const char* name;
    std::vector<List> before;   ///< in force; empty: nothing is
    std::vector<List> offered;  ///< what the sources hold now
    Words results;              ///< of each that is offered
    std::string revoked;        ///< the serials that are out then, in order
};

const DeltaCase delta_cases[] = {
    {"applied", {}, {five, delta_six}, {"loaded", "loaded"}, "\x01\x02\x06"},
    {"applied_whichever_comes_first", {}, {delta_six, five}, {"loaded", "loaded"}, "\x01\x02\x06"},
    {"hold_released", {}, {five, delta_seven}, {"loaded", "loaded"}, "\x01\x06"},
    {"the_newest_of_two", {}, {five, delta_six, delta_seven}, {"loaded", "loaded", "loaded"}, "\x01\x06"},
    {"to_a_later_complete_crl", {}, {six, delta_seven}, {"loaded", "loaded"}, "\x01\x06"},
    {"superseded_by_a_complete_crl", {}, {seven, delta_six}, {"loaded", "loaded"}, "\x01\x02\x06"},
    {"superseded_by_one_of_its_own_number", {}, {six, delta_six}, {"loaded", "loaded"}, "\x01\x02\x06"},
    {"base_too_old", {}, {five, delta_eight_to_seven}, {"loaded", "scope"}, "\x01\x02"},
    {"no_complete_crl", {}, {delta_six}, {"scope"}, ""},
    {"complete_crl_without_a_number",
     {},
     {List{.number = "", .serials = {"\x01"}}, delta_six},
     {"loaded", "scope"},
     "\x01"},
    {"of_another_scope",
     {},
     {five, List{.number = "\x06", .serials = {"\x06"}, .point = test::tlv(0x81, "\xFF"), .base = "\x05"}},
     {"loaded", "scope"},
     "\x01\x02"},

    {"to_what_is_in_force", {five}, {delta_six}, {"loaded"}, "\x01\x02\x06"},
    {"beside_what_is_in_force", {five}, {five, delta_six}, {"unchanged", "loaded"}, "\x01\x02\x06"},
    {"unchanged", {five, delta_six}, {five, delta_six}, {"unchanged", "unchanged"}, "\x01\x02\x06"},
    {"its_file_is_lost", {five, delta_six}, {five}, {"unchanged"}, "\x01\x02\x06"},
    {"all_files_are_lost", {five, delta_six}, {}, {}, "\x01\x02\x06"},
    {"replaced_by_a_newer", {five, delta_six}, {five, delta_seven}, {"unchanged", "loaded"}, "\x01\x06"},
    {"replaced_by_an_older", {five, delta_seven}, {five, delta_six}, {"unchanged", "rollback"}, "\x01\x06"},
    {"an_older_beside_the_one_in_force",
     {five, delta_seven},
     {five, delta_six, delta_seven},
     {"unchanged", "loaded", "unchanged"},
     "\x01\x06"},
    {"kept_over_a_complete_crl_that_is_older_than_it", {five, delta_seven}, {six}, {"loaded"}, "\x01\x06"},
    {"gives_way_to_a_complete_crl", {five, delta_six}, {seven}, {"loaded"}, "\x01\x02\x06"},
    {"a_complete_crl_that_forgets_it",
     {five, delta_six},
     {List{.number = "\x07", .serials = {"\x01"}, .held = {"\x02"}}},
     {"shrink"},
     "\x01\x02\x06"},
    {"forgets_what_an_earlier_delta_revoked",
     {five, delta_six},
     {five, delta_that_forgets},
     {"unchanged", "shrink"},
     "\x01\x02\x06"},
    {"un_revokes", {five}, {five, delta_that_un_revokes}, {"unchanged", "shrink"}, "\x01\x02"},
    {"un_revokes_beside_one_that_does_not",
     {five},
     {five, delta_that_un_revokes, delta_seven},
     {"unchanged", "shrink", "loaded"},
     "\x01\x06"},
    {"complete_crl_forgets_what_its_delta_brings_back",
     {five},
     {List{.number = "\x06"}, List{.number = "\x07", .serials = {"\x01"}, .base = "\x06"}},
     {"loaded", "loaded"},
     "\x01"},
    {"of_an_earlier_day",
     {five, delta_six},
     {five, List{.number = "\x07", .serials = {"\x06", "\x07"}, .this_update = now - 2h, .base = "\x05"}},
     {"unchanged", "rollback"},
     "\x01\x02\x06"},
    {"says_two_things_about_one_serial",
     {five},
     {List{.number = "\x06", .serials = {"\x02"}, .base = "\x05", .removed = {"\x02"}}},
     {"parse_error"},
     "\x01\x02"},
};

class Delta : public testing::TestWithParam<DeltaCase> {};

std::vector<std::string> signed_by(const Authority& ca, const std::vector<List>& lists) {
    std::vector<std::string> crls;
    for (const List& list : lists)
        crls.push_back(crl(ca, list));
    return crls;
}

TEST_P(Delta, changes_what_is_in_force) {
    const Authority ca(0);
    // One signature each: an unchanged file has unchanged bytes.
    const auto before_crls = signed_by(ca, GetParam().before);
    auto offered_crls = signed_by(ca, GetParam().offered);
    const auto same_list = [](const List& a, const List& b) {
        return a.number == b.number && a.base == b.base && a.serials == b.serials && a.held == b.held &&
               a.removed == b.removed;
    };
    for (std::size_t i = 0; i < offered_crls.size(); ++i) {
        for (std::size_t k = 0; k < before_crls.size(); ++k) {
            if (same_list(GetParam().offered[i], GetParam().before[k])) offered_crls[i] = before_crls[k];
        }
    }
    const RevocationIndex before = build({&ca}, before_crls, nullptr, 0s, strict_guard).index;
    const Built after = build({&ca}, offered_crls, &before, 0s, strict_guard);
    EXPECT_EQ(after.results, GetParam().results);
    std::string revoked;
    for (char serial = 1; serial < 9; ++serial) {
        if (ask(after.index, ca, std::string(1, serial)) == Status::revoked) revoked += serial;
    }
    EXPECT_EQ(revoked, GetParam().revoked);
    if (!after.index.lists().empty()) {
        EXPECT_EQ(after.index.lists().front().size(), revoked.size());
    }
}
INSTANTIATE_TEST_SUITE_P(table, Delta, testing::ValuesIn(delta_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DeltaCrl, is_named_as_what_decided) {
    const Authority ca(0);
    const auto index = build({&ca}, {crl(ca, five), crl(ca, delta_six)}).index;
    const auto by_delta = index.ask(ca.id(), test::bytes("\x06"), {}, RevocationIndex::Subject::user, now);
    EXPECT_EQ(by_delta.crl->number, "6");
    EXPECT_EQ(by_delta.crl->base, "5");
    const auto by_base = index.ask(ca.id(), test::bytes("\x01"), {}, RevocationIndex::Subject::user, now);
    EXPECT_EQ(by_base.crl->number, "5");
    const auto good = index.ask(ca.id(), test::bytes("\x09"), {}, RevocationIndex::Subject::user, now);
    EXPECT_EQ(good.status, Status::good);
    EXPECT_EQ(good.crl->number, "6") << "the newest that says nothing against it";
    EXPECT_EQ(index.crls().size(), 2U);
    const auto issuers = index.issuers(now);
    ASSERT_EQ(issuers.size(), 1U);
    EXPECT_EQ(issuers[0].number, "6");
    EXPECT_EQ(issuers[0].entries, 3U);
    EXPECT_EQ(issuers[0].sha256.size(), 2U);
}

TEST(DeltaCrl, does_not_copy_the_complete_crl) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, five)}).index;
    const auto after = build({&ca}, {crl(ca, delta_six)}, &before).index;
    EXPECT_EQ(after.lists().front().complete(), before.lists().front().complete());
}

TEST(DeltaCrl, of_another_key_is_refused) {
    const Authority ca(0);
    const Authority impostor(1);
    const Built built = build({&ca}, {crl(ca, five), crl(impostor, delta_that_un_revokes)});
    EXPECT_EQ(built.results, (Words{"loaded", "bad_signature"}));
    EXPECT_EQ(ask(built.index, ca, "\x01"), Status::revoked);
}

TEST(DeltaCrl, that_shrinks_can_be_accepted) {
    const Authority ca(0);
    const std::string der = crl(ca, delta_that_un_revokes);
    const auto before = build({&ca}, {crl(ca, five)}).index;
    const auto sha256 = build({&ca}, {crl(ca, five), der}).index.lists().front().delta()->facts.sha256;
    const ShrinkGuard accepted{strict_guard.longest_lifetime, {sha256}};
    const Built built = build({&ca}, {der}, &before, 0s, accepted);
    EXPECT_EQ(built.results, Words{"loaded"});
    EXPECT_EQ(ask(built.index, ca, "\x01"), Status::good);
}

// ---- age: a complete CRL for 100 h, deltas for 10 h each ------------------------------------------

struct AgeCase {
    const char* name;
    std::chrono::seconds at;  ///< after the complete CRL's thisUpdate; the delta's comes 50 h later
    CrlState state;
};

const AgeCase age_cases[] = {
    {"before_both", -1h, CrlState::not_yet},
    {"both_fresh", 51h, CrlState::fresh},
    {"delta_due", 57h + 30min, CrlState::due},
    {"delta_expired", 61h, CrlState::due},
    {"last_second_of_the_complete_crl", 100h, CrlState::due},
    {"both_expired", 100h + 1s, CrlState::grace},
    {"last_second_of_grace", 102h, CrlState::grace},
    {"behind_it", 102h + 1s, CrlState::closed},
};

class DeltaAge : public testing::TestWithParam<AgeCase> {};

TEST_P(DeltaAge, alarms_early_and_closes_late) {
    const CrlLifetime complete{now, now + 100h};
    const CrlLifetime delta{now + 50h, now + 60h};
    EXPECT_EQ(state_of(complete, delta, {.due_percent = 75, .grace = 2h}, now + GetParam().at),
              GetParam().state);
}
INSTANTIATE_TEST_SUITE_P(table, DeltaAge, testing::ValuesIn(age_cases),
                         [](const auto& row) { return row.param.name; });

TEST(DeltaAge, is_that_of_a_delta_which_outlives_its_complete_crl) {
    const CrlLifetime complete{now, now + 100h};
    const CrlLifetime delta{now + 95h, now + 105h};
    const CrlLadder ladder{.due_percent = 75, .grace = 0s};
    EXPECT_EQ(state_of(complete, delta, ladder, now + 104h), CrlState::due) << "the complete one is overdue";
    EXPECT_EQ(state_of(complete, delta, ladder, now + 106h), CrlState::closed);
}

}  // namespace
}  // namespace sallyport::pki
