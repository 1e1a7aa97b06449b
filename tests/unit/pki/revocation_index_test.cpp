#include "pki/revocation_index_builder.h"
#include "tests/support/certificates.h"
#include "tests/support/revocation_lists.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::ask;
using test::Authority;
using test::build;
using test::Built;
using test::bytes;
using test::crl;
using test::List;
using test::no_guard;
using test::now;
using test::octets;
using namespace std::chrono_literals;
using Status = RevocationAnswer::Status;
using Subject = RevocationIndex::Subject;

using Words = std::vector<std::string>;

const std::string users = test::tlv(0x81, octets({0xFF}));
const std::string authorities = test::tlv(0x82, octets({0xFF}));

TEST(RevocationIndex, answers_from_the_list) {
    const Authority ca(0);
    const Built built =
        build({&ca}, {crl(ca, {.serials = {"\x07", octets({0, 0x85}), std::string(25, 'x')}})});
    EXPECT_EQ(built.results, Words{"loaded"});
    EXPECT_EQ(ask(built.index, ca, "\x07"), Status::revoked);
    EXPECT_EQ(ask(built.index, ca, octets({0, 0x85})), Status::revoked);
    EXPECT_EQ(ask(built.index, ca, std::string(25, 'x')), Status::revoked);
    EXPECT_EQ(ask(built.index, ca, octets({0x85})), Status::good) << "another number";
    EXPECT_EQ(ask(built.index, ca, "\x08"), Status::good);

    const auto answer = built.index.ask(ca.id(), bytes("\x07"), {}, Subject::user, now);
    EXPECT_EQ(answer.reason, CrlReason::key_compromise);
    ASSERT_NE(answer.crl, nullptr);
    EXPECT_EQ(answer.crl->number, "5");
    EXPECT_EQ(answer.crl->entries, 3U);
    EXPECT_EQ(answer.crl->issuer_name, "CN=CA");
    EXPECT_EQ(answer.crl->origin, "0");
    EXPECT_EQ(answer.crl->sha256.size(), 64U);
}

TEST(RevocationIndex, finds_a_serial_however_the_list_pads_it) {
    const Authority ca(0);
    const auto index =
        build({&ca}, {crl(ca, {.serials = {octets({0, 0, 0x07}), octets({0, 0, 0x85})}})}).index;
    EXPECT_EQ(ask(index, ca, "\x07"), Status::revoked);
    EXPECT_EQ(ask(index, ca, octets({0, 0x85})), Status::revoked);
}

TEST(RevocationIndex, keeps_issuers_apart) {
    const Authority ca(0);
    const Authority same_name(1);
    const Authority same_key(0, "Other CA");
    const auto index = build({&ca, &same_name, &same_key}, {crl(ca, {.serials = {"\x07"}})}).index;
    EXPECT_EQ(ask(index, ca, "\x07"), Status::revoked);
    EXPECT_EQ(ask(index, same_name, "\x07"), Status::crl_missing);
    EXPECT_EQ(ask(index, same_key, "\x07"), Status::crl_missing);
}

TEST(RevocationIndex, finds_the_signer_among_those_of_one_name) {
    const Authority old_key(0);
    const Authority new_key(1);
    const Built built = build({&old_key, &new_key},
                              {crl(new_key, {.serials = {"\x01"}}), crl(old_key, {.serials = {"\x02"}})});
    EXPECT_EQ(built.results, (Words{"loaded", "loaded"}));
    EXPECT_EQ(ask(built.index, new_key, "\x01"), Status::revoked);
    EXPECT_EQ(ask(built.index, old_key, "\x01"), Status::good);
    EXPECT_EQ(ask(built.index, old_key, "\x02"), Status::revoked);
}

TEST(RevocationIndex, takes_nothing_from_strangers) {
    const Authority ca(0);
    const Authority impostor(1);
    const Built built = build({&ca}, {crl(impostor, {}), crl(Authority(2, "Stranger"), {}), "no CRL"});
    EXPECT_EQ(built.results, (Words{"bad_signature", "bad_signature", "parse_error"}));
    EXPECT_TRUE(built.index.crls().empty());
    EXPECT_EQ(ask(built.index, ca, "\x07"), Status::crl_missing);
}

TEST(RevocationIndex, takes_no_part_of_a_list_with_a_bad_entry) {
    const Authority ca(0);
    test::CrlDraft draft;
    draft.issuer = test::name_der(*ca.certificate);
    draft.entries = {test::crl_entry("\x07"), test::crl_entry("")};
    const Built built = build({&ca}, {draft.signed_by(*ca.key)});
    EXPECT_EQ(built.results, Words{"parse_error"});
    EXPECT_EQ(ask(built.index, ca, "\x07"), Status::crl_missing);
}

// ---- which of several lists ---------------------------------------------------------------------

struct OrderCase {
    const char* name;
    List older;
    List newer;
};

const OrderCase order_cases[] = {
    {"higher_number", {.number = "\x05"}, {.number = "\x06"}},
    {"higher_number_of_an_earlier_day", {.number = "\x05"}, {.number = "\x06", .this_update = now - 9h}},
    {"longer_number", {.number = octets({0x7F})}, {.number = octets({0, 0x80})}},
    {"much_longer_number", {.number = std::string(19, '\x7F')}, {.number = "\x01" + std::string(19, '\0')}},
    {"padded_number", {.number = octets({0, 0, 0x05})}, {.number = "\x06"}},
    {"any_number", {.number = ""}, {.number = octets({0})}},
    {"later_update", {.this_update = now - 2h}, {.this_update = now - 1h}},
    {"later_update_without_numbers", {.number = "", .this_update = now - 2h}, {.number = ""}},
};

class Order : public testing::TestWithParam<OrderCase> {};

TEST_P(Order, of_files_does_not_matter) {
    const Authority ca(0);
    List older = GetParam().older;
    List newer = GetParam().newer;
    older.serials = {"\x01"};
    newer.serials = {"\x02"};
    for (const bool newer_first : {false, true}) {
        std::vector<std::string> crls = {crl(ca, older), crl(ca, newer)};
        if (newer_first) std::swap(crls[0], crls[1]);
        const auto index = build({&ca}, crls).index;
        EXPECT_EQ(index.crls().size(), 1U);
        EXPECT_EQ(ask(index, ca, "\x02"), Status::revoked) << newer_first;
        EXPECT_EQ(ask(index, ca, "\x01"), Status::good) << newer_first;
    }
}

TEST_P(Order, of_time_does) {
    const Authority ca(0);
    if (GetParam().newer.this_update < GetParam().older.this_update) return;  // see the next test
    List older = GetParam().older;
    List newer = GetParam().newer;
    older.serials = {"\x01"};
    newer.serials = {"\x02"};
    const auto before = build({&ca}, {crl(ca, older)}).index;
    const Built forward = build({&ca}, {crl(ca, newer)}, &before);
    EXPECT_EQ(forward.results, Words{"loaded"});
    EXPECT_EQ(ask(forward.index, ca, "\x02"), Status::revoked);
    EXPECT_EQ(ask(forward.index, ca, "\x01"), Status::good);

    const Built back = build({&ca}, {crl(ca, older)}, &forward.index);
    EXPECT_EQ(back.results, Words{"rollback"});
    EXPECT_EQ(ask(back.index, ca, "\x02"), Status::revoked) << "the list in force stays";
    EXPECT_EQ(ask(back.index, ca, "\x01"), Status::good);
}
INSTANTIATE_TEST_SUITE_P(table, Order, testing::ValuesIn(order_cases),
                         [](const auto& row) { return row.param.name; });

TEST(RevocationIndexBuilder, refuses_a_higher_number_of_an_earlier_day) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, {.serials = {"\x01"}})}).index;
    const std::string earlier = crl(ca, {.number = "\x06", .serials = {"\x02"}, .this_update = now - 2h});
    const Built refused = build({&ca}, {earlier}, &before);
    EXPECT_EQ(refused.results, Words{"rollback"});
    EXPECT_EQ(ask(refused.index, ca, "\x01"), Status::revoked);

    const auto sha256 = build({&ca}, {earlier}).index.crls().front()->sha256;
    const Built accepted =
        build({&ca}, {earlier}, &before, 0s, ShrinkGuard{no_guard.longest_lifetime, {sha256}});
    EXPECT_EQ(accepted.results, Words{"loaded"}) << "an operator accepted it: the CA's clock was wrong";
    EXPECT_EQ(ask(accepted.index, ca, "\x02"), Status::revoked);
}

// ---- from one load to the next -------------------------------------------------------------------

TEST(RevocationIndexBuilder, takes_an_unchanged_list_over) {
    const Authority ca(0);
    const std::string der = crl(ca, {.serials = {"\x07"}});
    const auto before = build({&ca}, {der}).index;
    const Built after = build({&ca}, {der}, &before);
    EXPECT_EQ(after.results, Words{"unchanged"});
    EXPECT_EQ(after.index.crls(), before.crls()) << "the same list, not a copy of it";
    EXPECT_EQ(ask(after.index, ca, "\x07"), Status::revoked);
}

TEST(RevocationIndexBuilder, takes_a_newer_list_beside_the_unchanged_one) {
    const Authority ca(0);
    const std::string old_der = crl(ca, {.serials = {"\x07"}});
    const std::string new_der = crl(ca, {.number = "\x06", .serials = {"\x08"}});
    const auto before = build({&ca}, {old_der}).index;
    EXPECT_EQ(ask(build({&ca}, {old_der, new_der}, &before).index, ca, "\x08"), Status::revoked);
    EXPECT_EQ(ask(build({&ca}, {new_der, old_der}, &before).index, ca, "\x08"), Status::revoked);
}

TEST(RevocationIndexBuilder, passes_over_an_older_file_beside_a_newer_one) {
    const Authority ca(0);
    const std::string second = crl(ca, {.number = "\x02"});
    const std::string third = crl(ca, {.number = "\x03"});
    const std::string fourth = crl(ca, {.number = "\x04", .serials = {"\x07"}});
    const auto before = build({&ca}, {second, third}).index;
    for (const auto& files : {std::vector{second, third, fourth}, std::vector{fourth, third, second}}) {
        const Built after = build({&ca}, files, &before);
        EXPECT_EQ(std::ranges::count(after.results, "rollback"), 0);
        EXPECT_EQ(ask(after.index, ca, "\x07"), Status::revoked);
    }
    EXPECT_EQ(build({&ca}, {second}, &before).results, Words{"rollback"}) << "alone it is one";
}

TEST(RevocationIndexBuilder, keeps_a_list_that_nobody_offers_any_more) {
    const Authority ca(0);
    const Authority other(1, "Other CA");
    const auto before =
        build({&ca, &other}, {crl(ca, {.serials = {"\x07"}}), crl(other, {.serials = {"\x08"}})}).index;
    const auto after = build({&ca, &other}, {crl(other, {.number = "\x06"})}, &before).index;
    EXPECT_EQ(ask(after, ca, "\x07"), Status::revoked);
    EXPECT_EQ(ask(after, ca, "\x09"), Status::good);
    EXPECT_EQ(ask(after, other, "\x08"), Status::good) << "this one was replaced";
    const auto later = build({&ca, &other}, {}, &after).index;
    EXPECT_EQ(ask(later, ca, "\x07"), Status::revoked) << "and so from load to load";
}

TEST(RevocationIndexBuilder, keeps_each_scope_for_itself) {
    const Authority ca(0);
    const auto before = build({&ca}, {crl(ca, {.serials = {"\x07"}, .point = users}),
                                      crl(ca, {.serials = {"\x08"}, .point = authorities})})
                            .index;
    const auto after = build({&ca}, {crl(ca, {.number = "\x06", .point = authorities})}, &before).index;
    EXPECT_EQ(ask(after, ca, "\x07"), Status::revoked);
    EXPECT_EQ(ask(after, ca, "\x08", now, Subject::authority), Status::good);
}

TEST(RevocationIndexBuilder, drops_the_list_of_an_authority_that_is_not_trusted_any_more) {
    const Authority ca(0);
    const Authority other(1, "Other CA");
    const auto before = build({&ca, &other}, {crl(ca, {}), crl(other, {})}).index;
    const auto after = build({&other}, {}, &before).index;
    EXPECT_EQ(ask(after, ca, "\x07"), Status::crl_missing);
    EXPECT_EQ(after.crls().size(), 1U);
}

TEST(RevocationIndexBuilder, keeps_what_it_took_when_the_previous_index_is_gone) {
    const Authority ca(0);
    const std::string der = crl(ca, {.serials = {"\x07"}});
    auto before = std::make_unique<RevocationIndex>(build({&ca}, {der}).index);
    const auto after = build({&ca}, {der}, before.get()).index;
    before.reset();
    EXPECT_EQ(ask(after, ca, "\x07"), Status::revoked);  // a sanitizer sees it if it is gone
}

// ---- what a newer list forgets --------------------------------------------------------------------

std::string list_of(const Authority& authority, char number, const std::vector<std::string>& entries) {
    test::CrlDraft draft;
    draft.issuer = test::name_der(*authority.certificate);
    draft.this_update = test::generalized_time(test::time_text(now - 1h));
    draft.next_update = test::generalized_time(test::time_text(now + 1h));
    draft.extensions = {test::crl_number(std::string(1, number))};
    draft.entries = entries;
    return draft.signed_by(*authority.key);
}

TEST(ShrinkGuard, holds_back_a_list_that_would_un_revoke) {
    const Authority ca(0);
    const ShrinkGuard guard{std::chrono::hours(24 * 36500), {}};  // nothing has expired yet
    const auto key_lost = test::crl_entry("\x07", {test::reason_code(1)});
    const auto held = test::crl_entry("\x08", {test::reason_code(6)});
    const auto before = build({&ca}, {list_of(ca, 5, {key_lost, held})}).index;

    const std::string without_hold = list_of(ca, 6, {key_lost});
    EXPECT_EQ(build({&ca}, {without_hold}, &before, 0s, guard).results, Words{"loaded"})
        << "a hold may be released";

    const std::string empty = list_of(ca, 6, {});
    const Built refused = build({&ca}, {empty}, &before, 0s, guard);
    EXPECT_EQ(refused.results, Words{"shrink"});
    EXPECT_EQ(ask(refused.index, ca, "\x07"), Status::revoked) << "the list in force stays";

    EXPECT_EQ(build({&ca}, {empty}, &before, 0s, no_guard).results, Words{"loaded"})
        << "what has expired may leave";

    const auto sha256 = build({&ca}, {empty}).index.crls().front()->sha256;
    const ShrinkGuard accepted{guard.longest_lifetime, {sha256}};
    EXPECT_EQ(build({&ca}, {empty}, &before, 0s, accepted).results, Words{"loaded"})
        << "an operator accepted it";
    EXPECT_EQ(build({&ca}, {list_of(ca, 7, {})}, &before, 0s, accepted).results, Words{"shrink"})
        << "but no other";
}

// ---- age ------------------------------------------------------------------------------------------

struct AgeCase {
    const char* name;
    std::chrono::seconds at;  ///< after thisUpdate; nextUpdate follows after 10 h, the grace lasts 2 h
    CrlState state;
    Status unlisted;
};

const AgeCase age_cases[] = {
    {"long_before", -1h, CrlState::not_yet, Status::crl_missing},
    {"before_what_clocks_differ", -5min - 1s, CrlState::not_yet, Status::crl_missing},
    {"within_what_clocks_differ", -5min, CrlState::fresh, Status::good},
    {"first_second", 0s, CrlState::fresh, Status::good},
    {"last_second_of_freshness", 7h + 30min - 1s, CrlState::fresh, Status::good},
    {"first_second_of_being_due", 7h + 30min, CrlState::due, Status::good},
    {"last_second", 10h, CrlState::due, Status::good},
    {"first_second_of_grace", 10h + 1s, CrlState::grace, Status::good},
    {"last_second_of_grace", 12h, CrlState::grace, Status::good},
    {"first_second_behind_it", 12h + 1s, CrlState::closed, Status::crl_expired},
    {"years_later", 24h * 3650, CrlState::closed, Status::crl_expired},
};

class Age : public testing::TestWithParam<AgeCase> {};

TEST_P(Age, closes_the_door_step_by_step) {
    const Authority ca(0);
    const List list{.serials = {"\x07"}, .this_update = now, .next_update = now + 10h};
    const auto index = build({&ca}, {crl(ca, list)}, nullptr, 2h).index;
    const auto at = now + GetParam().at;
    EXPECT_EQ(index.state(index.lists().front(), at), GetParam().state);
    EXPECT_EQ(ask(index, ca, "\x08", at), GetParam().unlisted);
    EXPECT_EQ(ask(index, ca, "\x07", at), Status::revoked) << "whatever the list's age";
}
INSTANTIATE_TEST_SUITE_P(table, Age, testing::ValuesIn(age_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Age, is_without_grace_when_none_is_given) {
    const Authority ca(0);
    const auto index = build({&ca}, {crl(ca, {.next_update = now})}).index;
    EXPECT_EQ(ask(index, ca, "\x08", now), Status::good);
    EXPECT_EQ(ask(index, ca, "\x08", now + 1s), Status::crl_expired);
}

// ---- scope ----------------------------------------------------------------------------------------

struct ScopeCase {
    const char* name;
    std::vector<std::string> points;  ///< of the CRLs, which all list 7
    Status user;
    Status authority;
};

const ScopeCase scope_cases[] = {
    {"all", {""}, Status::revoked, Status::revoked},
    {"users", {users}, Status::revoked, Status::crl_missing},
    {"authorities", {authorities}, Status::crl_missing, Status::revoked},
    {"both_apart", {users, authorities}, Status::revoked, Status::revoked},
    {"none", {}, Status::crl_missing, Status::crl_missing},
};

class Scope : public testing::TestWithParam<ScopeCase> {};

TEST_P(Scope, limits_what_a_list_speaks_about) {
    const Authority ca(0);
    std::vector<std::string> crls;
    for (const std::string& point : GetParam().points)
        crls.push_back(crl(ca, {.serials = {"\x07"}, .point = point}));
    const auto index = build({&ca}, crls).index;
    EXPECT_EQ(ask(index, ca, "\x07", now, Subject::user), GetParam().user);
    EXPECT_EQ(ask(index, ca, "\x07", now, Subject::authority), GetParam().authority);
    const auto unlisted = [](Status s) { return s == Status::revoked ? Status::good : s; };
    EXPECT_EQ(ask(index, ca, "\x08", now, Subject::user), unlisted(GetParam().user));
    EXPECT_EQ(ask(index, ca, "\x08", now, Subject::authority), unlisted(GetParam().authority));
}
INSTANTIATE_TEST_SUITE_P(table, Scope, testing::ValuesIn(scope_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Scope, of_which_one_list_is_fresh_is_enough) {
    const Authority ca(0);
    const List expired{.serials = {"\x07"}, .this_update = now - 9h, .next_update = now - 8h};
    const auto index = build({&ca}, {crl(ca, expired), crl(ca, {.serials = {"\x08"}, .point = users})}).index;
    EXPECT_EQ(ask(index, ca, "\x09"), Status::good);
    EXPECT_EQ(ask(index, ca, "\x07"), Status::revoked);
    EXPECT_EQ(ask(index, ca, "\x08"), Status::revoked);
    EXPECT_EQ(ask(index, ca, "\x09", now, Subject::authority), Status::crl_expired);
}

// ---- issuers --------------------------------------------------------------------------------------

TEST(IssuerId, is_a_name_and_a_key) {
    const auto id = Authority(0).id();
    EXPECT_EQ(id, Authority(0).id()) << "another certificate of the same CA";
    EXPECT_EQ(id, Authority(0, "ca").id()) << "RFC 5280 7.1: letter case does not matter";
    EXPECT_NE(id, Authority(1).id());
    EXPECT_NE(id, Authority(0, "CA 2").id());
}

}  // namespace
}  // namespace sallyport::pki
