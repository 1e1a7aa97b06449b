#include "pki/tool/index.h"

#include "pki/issue.h"
#include "pki/key.h"
#include "tests/support/temporary_folder.h"

#include <array>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
constexpr std::chrono::sys_seconds start{1'800'000'000s};

CertificateRecord record(const std::string& serial, std::chrono::sys_seconds not_after = start + 100h,
                         CertificateKind kind = CertificateKind::device,
                         const std::string& name = "A1B2C3D4") {
    return {serial, "ca", kind, name, "CN=" + name, serial, {start, not_after}, "der", "key of " + serial};
}

Occasion at(std::chrono::sys_seconds now) {
    return {now, "tester", "for the test"};
}

class IndexTest : public testing::Test {
  protected:
    IndexTest() {
        std::ofstream{path()};  // create() fills a file that its caller has made private
        index.emplace(std::move(Index::create(path()).value()));
        EXPECT_TRUE(index->add_authority({"ca", AuthorityRole::devices, "root", 2},
                                         record("ca-serial", start + 1000h, CertificateKind::authority, "ca"),
                                         at(start)));
    }

    std::filesystem::path path() const { return folder.path() / "index.sqlite"; }

    void add(const CertificateRecord& added) { ASSERT_TRUE(index->add_certificate(added, at(start))); }

    /// Takes a number for a CRL.
    CrlPlan begin(std::chrono::sys_seconds now, std::optional<std::uint64_t> base = std::nullopt) {
        std::array<CrlPlan, 1> plans{CrlPlan{scope, base, now, now + 1h}};
        EXPECT_TRUE(index->begin_crls("ca", plans, at(now)));
        return plans.front();
    }

    /// The entries of the delta CRL since `base`.
    std::map<std::string, CrlReason> changes_since(std::uint64_t base) {
        std::map<std::string, CrlReason> changes;
        const auto visited =
            index->visit_changes(scope, base, [&](const RevokedCertificate& entry) -> Result<void> {
                changes.emplace(entry.serial, entry.reason);
                return {};
            });
        EXPECT_TRUE(visited);
        EXPECT_EQ(index->count_changes(scope, base).value(), changes.size());
        return changes;
    }

    Result<void> revoke(const std::vector<CertificateRecord>& records, CrlReason reason,
                        std::chrono::sys_seconds now) {
        return index->revoke(records, {}, {reason}, at(now));
    }

    Result<void> release(const CertificateRecord& record, std::chrono::sys_seconds now) {
        return index->release({&record, 1}, {}, at(now));
    }

    const CrlScopeId scope{"ca", 0};

    /// Publishes a CRL and returns the serials that it lists.
    std::vector<std::string> publish(std::chrono::sys_seconds now) {
        const CrlPlan plan = begin(now);
        std::vector<std::string> serials;
        const auto visited =
            index->visit_revoked(scope, now, [&](const RevokedCertificate& entry) -> Result<void> {
                serials.emplace_back(entry.serial);
                return {};
            });
        EXPECT_TRUE(visited);
        EXPECT_TRUE(index->crl_published(plan, "digest", at(now)));
        return serials;
    }

    /// Runs SQL on a connection of its own; true when SQLite took it.
    bool tamper(const char* sql) { return Database::open(path()).value().execute(sql).has_value(); }

    sallyport::test::TemporaryFolder folder;
    std::optional<Index> index;
};

TEST_F(IndexTest, finds_what_was_added) {
    add(record("one"));
    add(record("two"));
    const auto found = index->find_certificate("ca", "one");
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->name, "A1B2C3D4");
    EXPECT_EQ((*found)->validity.not_after, start + 100h);
    EXPECT_FALSE((*found)->revocation);
    EXPECT_FALSE(*index->find_certificate("ca", "three"));
    EXPECT_FALSE(*index->find_certificate("other", "one"));
    EXPECT_EQ(index->find_device("A1B2C3D4")->size(), 2U);
    EXPECT_EQ(index->find_device("ca")->size(), 0U) << "an authority is no device";
}

TEST_F(IndexTest, takes_a_serial_once) {
    add(record("one"));
    EXPECT_FALSE(index->add_certificate(record("one"), at(start)));
    EXPECT_FALSE(index->add_certificate(record("ca-serial"), at(start))) << "of the authority itself";
}

TEST_F(IndexTest, two_authorities_may_give_the_same_serial) {
    CertificateRecord others = record("one");
    others.issuer = "elsewhere";
    others.name = "0FFFFFFF";
    add(record("one"));
    add(others);
    EXPECT_EQ(index->find_serial("one")->size(), 2U);
    EXPECT_EQ((*index->find_certificate("elsewhere", "one"))->name, "0FFFFFFF");
    ASSERT_TRUE(revoke({record("one")}, CrlReason::superseded, start));
    EXPECT_TRUE((*index->find_certificate("ca", "one"))->revocation);
    EXPECT_FALSE((*index->find_certificate("elsewhere", "one"))->revocation);
    EXPECT_EQ(index->events_of(record("one"))->size(), 2U);
    EXPECT_EQ(index->events_of(others)->size(), 1U);
    EXPECT_FALSE(
        tamper("INSERT INTO certificates SELECT id + 9, serial, issuer, partition, kind, 'other', device_id,"
               " subject, lineage, not_before, not_after, batch, key_digest, der FROM certificates"))
        << "one serial of one issuer, whatever the name";
}

TEST_F(IndexTest, crl_numbers_are_used_up_whether_published_or_not) {
    EXPECT_EQ(begin(start).number, 1U);
    EXPECT_EQ(begin(start).number, 2U);
    index.emplace(std::move(Index::open(path()).value()));  // as after a kill
    EXPECT_EQ(begin(start).number, 3U);
    std::array<CrlPlan, 1> plans{CrlPlan{{"other", 0}, {}, start, start + 1h}};
    EXPECT_FALSE(index->begin_crls("other", plans, at(start)));
    ASSERT_TRUE(index->raise_crl_number("ca", 100, at(start)));
    EXPECT_EQ(begin(start).number, 101U);
    ASSERT_TRUE(index->raise_crl_number("ca", 50, at(start)));
    EXPECT_EQ(begin(start).number, 102U) << "raising never lowers";
}

TEST_F(IndexTest, knows_whether_the_published_crl_shows_every_revocation) {
    EXPECT_EQ(index->newest_crl(scope)->number, 0U);
    EXPECT_FALSE(*index->shows_every_revocation(scope));
    const CrlPlan plan = begin(start);
    EXPECT_FALSE(*index->shows_every_revocation(scope)) << "taken, not published";
    EXPECT_TRUE(index->newest_crl(scope)->sha256.empty());
    ASSERT_TRUE(index->crl_published(plan, "digest", at(start)));
    EXPECT_TRUE(*index->shows_every_revocation(scope));
    EXPECT_EQ(index->newest_crl(scope)->sha256, "digest");
    add(record("one"));
    EXPECT_TRUE(*index->shows_every_revocation(scope)) << "issuing does not concern the CRL";
    ASSERT_TRUE(revoke({record("one")}, CrlReason::superseded, start));
    EXPECT_FALSE(*index->shows_every_revocation(scope)) << "revoked, not published";
    EXPECT_FALSE(*index->shows_every_revocation({"ca", 1})) << "the other partition was never published";
}

TEST_F(IndexTest, a_delta_holds_what_changed_since_its_base) {
    using enum CrlReason;
    for (const char* serial : {"one", "two", "three", "four"})
        add(record(serial));
    ASSERT_TRUE(revoke({record("one"), record("two")}, certificate_hold, start));
    const CrlPlan base = begin(start);
    ASSERT_TRUE(index->crl_published(base, "digest", at(start)));
    EXPECT_EQ(changes_since(base.number).size(), 0U);
    ASSERT_TRUE(revoke({record("three")}, key_compromise, start));
    ASSERT_TRUE(revoke({record("two")}, superseded, start));
    ASSERT_TRUE(release(record("one"), start));
    const std::map<std::string, CrlReason> expected{
        {"one", remove_from_crl}, {"two", superseded}, {"three", key_compromise}};
    EXPECT_EQ(changes_since(base.number), expected);
    ASSERT_TRUE(index->crl_published(begin(start, base.number), "digest", at(start)));
    EXPECT_EQ(changes_since(base.number), expected) << "a delta stays added to its base";
    ASSERT_TRUE(revoke({record("one")}, certificate_hold, start));
    EXPECT_EQ(changes_since(base.number).at("one"), certificate_hold) << "held again";
    const CrlPlan next = begin(start);
    ASSERT_TRUE(index->crl_published(next, "digest", at(start)));
    EXPECT_EQ(changes_since(next.number).size(), 0U);
}

TEST_F(IndexTest, partitions_list_their_own) {
    CertificateRecord other = record("two");
    other.partition = 1;
    add(record("one"));
    add(other);
    ASSERT_TRUE(revoke({record("one"), other}, CrlReason::superseded, start));
    EXPECT_THAT(publish(start), ElementsAre("one"));
    EXPECT_FALSE(*index->shows_every_revocation({"ca", 1}));
    EXPECT_TRUE((*index->find_certificate("ca", "two"))->revocation);
}

TEST_F(IndexTest, filters_certificates) {
    CertificateRecord batched = record("one");
    batched.batch = "spring";
    add(batched);
    add(record("two", start + 10h, CertificateKind::device, "00000002"));
    add(record("gw", start + 100h, CertificateKind::server, "gateway.example"));
    ASSERT_TRUE(revoke({record("two", start + 10h)}, CrlReason::certificate_hold, start));
    const auto found = [&](CertificateFilter filter) {
        std::vector<std::string> serials;
        filter.now = start + 1h;
        EXPECT_TRUE(index->visit_certificates(
            filter, [&](const CertificateRecord& record) { serials.push_back(record.serial); }));
        return serials;
    };
    EXPECT_THAT(found({}), ElementsAre("ca-serial", "one", "two", "gw"));
    EXPECT_THAT(found({.kind = CertificateKind::device}), ElementsAre("one", "two"));
    EXPECT_THAT(found({.state = CertificateState::on_hold}), ElementsAre("two"));
    EXPECT_THAT(found({.state = CertificateState::valid}), ElementsAre("ca-serial", "one", "gw"));
    EXPECT_THAT(found({.batch = "spring"}), ElementsAre("one"));
    EXPECT_THAT(found({.text = "EXAMPLE"}), ElementsAre("gw"));
    EXPECT_THAT(found({.name = "gateway.example"}), ElementsAre("gw"));
    EXPECT_THAT(found({.issued_before = start}), ElementsAre());
    EXPECT_THAT(found({.issued_before = start + 1s}), ElementsAre("ca-serial", "one", "two", "gw"));
    EXPECT_THAT(found({.expires_before = start + 20h}), ElementsAre("two"));
    EXPECT_THAT(found({.issuer = "other"}), ElementsAre());
    EXPECT_EQ(index->count_fleet(start + 1h).value(), 2U) << "a hold can be lifted";
    EXPECT_EQ(index->count_fleet(start + 11h).value(), 1U);
}

TEST_F(IndexTest, adopts_what_a_published_crl_lists_beyond_it) {
    add(record("known"));
    add(record("held"));
    ASSERT_TRUE(revoke({record("held")}, CrlReason::certificate_hold, start));
    std::vector<FoundRevocation> listed;
    for (const char* serial : {"gone", "held", "known"})
        listed.push_back({serial, {CrlReason::key_compromise, start - 1h}});
    EXPECT_EQ(index->adopt(scope, listed, at(start)).value(), 3U);
    EXPECT_EQ(index->adopt(scope, listed, at(start)).value(), 0U) << "a second time nothing is new";
    EXPECT_THAT(publish(start), ElementsAre("gone", "held", "known"));
    EXPECT_EQ((*index->find_certificate("ca", "held"))->revocation->reason, CrlReason::key_compromise);
}

TEST_F(IndexTest, an_expired_entry_is_listed_once_more_and_then_leaves) {
    add(record("short", start + 10h));
    add(record("long", start + 100h));
    ASSERT_TRUE(revoke({record("short", start + 10h), record("long")}, CrlReason::key_compromise, start));
    EXPECT_THAT(publish(start), ElementsAre("long", "short"));
    EXPECT_THAT(publish(start + 10h), ElementsAre("long", "short")) << "valid up to and including notAfter";
    EXPECT_THAT(publish(start + 10h + 1s), ElementsAre("long", "short")) << "the first one after its expiry";
    EXPECT_THAT(publish(start + 10h + 2s), ElementsAre("long"));
    EXPECT_THAT(publish(start + 10h), ElementsAre("long", "short"))
        << "to a clock that went back it has not expired";
}

TEST_F(IndexTest, a_clock_that_was_wrong_once_lets_nobody_in_again) {
    add(record("one"));
    ASSERT_TRUE(revoke({record("one")}, CrlReason::key_compromise, start));
    publish(start + 200h);
    EXPECT_THAT(publish(start + 300h), ElementsAre()) << "that clock thinks it has expired";
    EXPECT_THAT(publish(start + 1h), ElementsAre("one"));
}

TEST_F(IndexTest, an_unpublished_crl_does_not_count_as_the_last_listing) {
    add(record("short", start + 10h));
    ASSERT_TRUE(revoke({record("short", start + 10h)}, CrlReason::key_compromise, start));
    begin(start + 11h);  // killed before the rename
    EXPECT_THAT(publish(start + 12h), ElementsAre("short"));
    EXPECT_THAT(publish(start + 13h), ElementsAre());
}

TEST_F(IndexTest, a_hold_can_be_lifted_or_become_final) {
    add(record("one"));
    add(record("two"));
    ASSERT_TRUE(revoke({record("one"), record("two")}, CrlReason::certificate_hold, start));
    ASSERT_TRUE(release(record("one"), start + 1h));
    ASSERT_TRUE(revoke({record("two")}, CrlReason::key_compromise, start + 1h));
    EXPECT_FALSE((*index->find_certificate("ca", "one"))->revocation);
    const auto two = (*index->find_certificate("ca", "two"))->revocation;
    EXPECT_EQ(two->reason, CrlReason::key_compromise);
    EXPECT_EQ(two->revoked_at, start) << "shut out since the hold";
    EXPECT_FALSE(release(record("two"), start + 2h)) << "a revocation is for ever";
    EXPECT_THAT(publish(start + 2h), ElementsAre("two"));
}

TEST_F(IndexTest, every_change_leaves_an_event) {
    add(record("one"));
    ASSERT_TRUE(revoke({record("one")}, CrlReason::certificate_hold, start + 1h));
    ASSERT_TRUE(release(record("one"), start + 2h));
    std::vector<std::string> actions;
    for (const Event& event : *index->events_of(record("one")))
        actions.push_back(event.action);
    EXPECT_THAT(actions, ElementsAre("issued", "held", "released"));
}

struct TamperCase {
    const char* name;
    const char* sql;
    bool taken;
};

class TamperTest : public IndexTest, public testing::WithParamInterface<TamperCase> {};

TEST_P(TamperTest, the_schema_keeps_what_must_stay) {
    add(record("one"));
    add(record("two"));
    ASSERT_TRUE(revoke({record("one")}, CrlReason::key_compromise, start));
    ASSERT_TRUE(revoke({record("two")}, CrlReason::certificate_hold, start));
    publish(start);
    EXPECT_EQ(tamper(GetParam().sql), GetParam().taken);
}

const TamperCase tamper_cases[] = {
    {"number_up", "UPDATE authorities SET crl_number = crl_number + 1", true},
    {"number_same", "UPDATE authorities SET crl_number = crl_number", false},
    {"number_down", "UPDATE authorities SET crl_number = 0", false},
    {"hold_lifted", "DELETE FROM revocations WHERE reason = 6", true},
    {"revocation_lifted", "DELETE FROM revocations WHERE reason = 1", false},
    {"revocation_to_hold", "UPDATE revocations SET reason = 6 WHERE reason = 1", false},
    {"hold_to_revocation", "UPDATE revocations SET reason = 1 WHERE reason = 6", true},
    {"unexpired_left_out", "UPDATE revocations SET final_crl = 1", false},
    {"left_out_of_a_crl_that_is_not", "UPDATE revocations SET final_crl = 999", false},
    {"revocation_replaced",
     "INSERT OR REPLACE INTO revocations SELECT issuer, partition, serial, 6, revoked_at, NULL, not_after, "
     "since, NULL FROM revocations WHERE reason = 1",
     false},
    {"authority_replaced",
     "INSERT OR REPLACE INTO authorities SELECT id, name, role, issuer, partitions, retired, restored, 0 "
     "FROM authorities",
     false},
    {"event_replaced",
     "INSERT OR REPLACE INTO events SELECT id, at, 'nobody', action, authority, serial, detail, why, hash "
     "FROM events",
     false},
    {"certificate_replaced", "INSERT OR REPLACE INTO certificates SELECT * FROM certificates", false},
    {"number_used_again", "INSERT INTO crls VALUES ('ca', 0, 1, 0, NULL, 0, 0, NULL)", false},
    {"authority_gone", "DELETE FROM authorities", false},
    {"partitions_changed", "UPDATE authorities SET partitions = 3", false},
    {"certificate_gone", "DELETE FROM certificates", false},
    {"certificate_changed", "UPDATE certificates SET not_after = 0", false},
    {"event_gone", "DELETE FROM events", false},
    {"event_changed", "UPDATE events SET detail = ''", false},
};
INSTANTIATE_TEST_SUITE_P(table, TamperTest, testing::ValuesIn(tamper_cases),
                         [](const auto& row) { return row.param.name; });

TEST(IndexFile, refuses_another_schema) {
    const sallyport::test::TemporaryFolder folder;
    const auto path = folder.path() / "index.sqlite";
    EXPECT_FALSE(Index::open(path)) << "missing";
    std::ofstream{path};
    const auto empty = Index::open(path);
    ASSERT_FALSE(empty);
    EXPECT_THAT(empty.error().message, testing::HasSubstr("schema version 0"));
    std::ofstream(path) << std::string(4096, 'x');
    EXPECT_FALSE(Index::open(path)) << "not SQLite";
}

}  // namespace
}  // namespace sallyport::pki
