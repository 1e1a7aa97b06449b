#include "pki/tool/index.h"

#include "tests/unit/pki_tool/temporary_folder.h"

#include <fstream>

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
    return {serial, "ca", kind, name, "CN=" + name, serial, {start, not_after}, "der", std::nullopt};
}

class IndexTest : public testing::Test {
  protected:
    IndexTest() {
        std::ofstream{path()};  // create() fills a file that its caller has made private
        index.emplace(std::move(Index::create(path(), {"Example", ""}).value()));
        EXPECT_TRUE(index->add_authority(record("ca-serial", start + 1000h, CertificateKind::authority, "ca"),
                                         start));
    }

    std::filesystem::path path() const { return folder.path() / "index.sqlite"; }

    void add(const CertificateRecord& added) { ASSERT_TRUE(index->add_certificate(added, start)); }

    /// Publishes a CRL and returns the serials that it lists.
    std::vector<std::string> publish(std::chrono::sys_seconds now) {
        const auto number = index->take_crl_number("ca", now, now + 1h);
        std::vector<std::string> serials;
        const auto visited = index->visit_revoked("ca", [&](const RevokedCertificate& entry) -> Result<void> {
            serials.emplace_back(entry.serial);
            return {};
        });
        EXPECT_TRUE(visited);
        EXPECT_TRUE(index->crl_published("ca", number.value(), "digest", now));
        return serials;
    }

    /// Runs SQL on a connection of its own; true when SQLite took it.
    bool tamper(const char* sql) { return Database::open(path()).value().execute(sql).has_value(); }

    TemporaryFolder folder;
    std::optional<Index> index;
};

TEST_F(IndexTest, finds_what_was_added) {
    add(record("one"));
    add(record("two"));
    const auto found = index->find_serial("one");
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->name, "A1B2C3D4");
    EXPECT_EQ((*found)->validity.not_after, start + 100h);
    EXPECT_FALSE((*found)->revocation);
    EXPECT_FALSE(*index->find_serial("three"));
    EXPECT_EQ(index->find_device("A1B2C3D4")->size(), 2U);
    EXPECT_EQ(index->find_device("ca")->size(), 0U) << "an authority is no device";
}

TEST_F(IndexTest, takes_a_serial_once) {
    add(record("one"));
    EXPECT_FALSE(index->add_certificate(record("one"), start));
    EXPECT_FALSE(index->add_certificate(record("ca-serial"), start)) << "of the authority itself";
}

TEST_F(IndexTest, crl_numbers_are_used_up_whether_published_or_not) {
    EXPECT_EQ(index->take_crl_number("ca", start, start + 1h).value(), 1U);
    EXPECT_EQ(index->take_crl_number("ca", start, start + 1h).value(), 2U);
    index.emplace(std::move(Index::open(path()).value()));  // as after a kill
    EXPECT_EQ(index->take_crl_number("ca", start, start + 1h).value(), 3U);
    EXPECT_FALSE(index->take_crl_number("other", start, start + 1h));
}

TEST_F(IndexTest, knows_whether_the_newest_crl_is_current) {
    EXPECT_EQ(index->newest_crl("ca")->number, 0U);
    EXPECT_FALSE(index->newest_crl("ca")->current);
    const auto number = index->take_crl_number("ca", start, start + 1h);
    EXPECT_FALSE(index->newest_crl("ca")->current) << "taken, not published";
    ASSERT_TRUE(index->crl_published("ca", *number, "digest", start));
    EXPECT_TRUE(index->newest_crl("ca")->current);
    add(record("one"));
    EXPECT_TRUE(index->newest_crl("ca")->current) << "issuing does not concern the CRL";
    ASSERT_TRUE(index->revoke({record("one")}, CrlReason::superseded, start));
    EXPECT_FALSE(index->newest_crl("ca")->current) << "revoked, not published";
}

TEST_F(IndexTest, an_expired_entry_is_listed_once_more_and_then_leaves) {
    add(record("short", start + 10h));
    add(record("long", start + 100h));
    ASSERT_TRUE(
        index->revoke({record("short", start + 10h), record("long")}, CrlReason::key_compromise, start));
    EXPECT_THAT(publish(start), ElementsAre("long", "short"));
    EXPECT_THAT(publish(start + 10h), ElementsAre("long", "short")) << "valid up to and including notAfter";
    EXPECT_THAT(publish(start + 10h + 1s), ElementsAre("long", "short")) << "the first one after its expiry";
    EXPECT_THAT(publish(start + 10h + 2s), ElementsAre("long"));
    EXPECT_THAT(publish(start + 10h), ElementsAre("long"))
        << "a clock that went back brings nothing in disorder";
}

TEST_F(IndexTest, an_unpublished_crl_does_not_count_as_the_last_listing) {
    add(record("short", start + 10h));
    ASSERT_TRUE(index->revoke({record("short", start + 10h)}, CrlReason::key_compromise, start));
    ASSERT_TRUE(index->take_crl_number("ca", start + 11h, start + 12h));  // killed before the rename
    EXPECT_THAT(publish(start + 12h), ElementsAre("short"));
    EXPECT_THAT(publish(start + 13h), ElementsAre());
}

TEST_F(IndexTest, a_hold_can_be_lifted_or_become_final) {
    add(record("one"));
    add(record("two"));
    ASSERT_TRUE(index->revoke({record("one"), record("two")}, CrlReason::certificate_hold, start));
    ASSERT_TRUE(index->release({record("one")}, start + 1h));
    ASSERT_TRUE(index->revoke({record("two")}, CrlReason::key_compromise, start + 1h));
    EXPECT_FALSE((*index->find_serial("one"))->revocation);
    const auto two = (*index->find_serial("two"))->revocation;
    EXPECT_EQ(two->reason, CrlReason::key_compromise);
    EXPECT_EQ(two->revoked_at, start) << "shut out since the hold";
    EXPECT_FALSE(index->release({record("two")}, start + 2h)) << "a revocation is for ever";
    EXPECT_THAT(publish(start + 2h), ElementsAre("two"));
}

TEST_F(IndexTest, every_change_leaves_an_event) {
    add(record("one"));
    ASSERT_TRUE(index->revoke({record("one")}, CrlReason::certificate_hold, start + 1h));
    ASSERT_TRUE(index->release({record("one")}, start + 2h));
    std::vector<std::string> actions;
    for (const Event& event : *index->events_of("one"))
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
    ASSERT_TRUE(index->revoke({record("one")}, CrlReason::key_compromise, start));
    ASSERT_TRUE(index->revoke({record("two")}, CrlReason::certificate_hold, start));
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
    {"number_used_again", "INSERT INTO crls VALUES ('ca', 1, 0, 0, NULL)", false},
    {"certificate_gone", "DELETE FROM certificates", false},
    {"certificate_changed", "UPDATE certificates SET not_after = 0", false},
    {"event_gone", "DELETE FROM events", false},
    {"event_changed", "UPDATE events SET detail = ''", false},
};
INSTANTIATE_TEST_SUITE_P(table, TamperTest, testing::ValuesIn(tamper_cases),
                         [](const auto& row) { return row.param.name; });

TEST(IndexFile, refuses_another_schema) {
    const TemporaryFolder folder;
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
