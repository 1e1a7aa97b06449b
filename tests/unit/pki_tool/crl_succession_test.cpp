// A CRL lists all that the one before it lists, unless the index knows why an entry may leave.

#include "pki/tool/crl_departure.h"
#include "pki/tool/database.h"
#include "pki/tool/names.h"
#include "tests/unit/pki_tool/depot_fixture.h"

#include <map>

namespace sallyport::pki {
namespace {

using namespace test;

class CrlSuccessionTest : public DepotTest {
  protected:
    /// What a fault of the disk or a hand with sqlite3 could do.
    void lose_revocations() const {
        auto database = Database::open(depot / "index.sqlite").value();
        ASSERT_TRUE(
            database.execute("DROP TRIGGER only_a_hold_is_lifted; DELETE FROM revocations; UPDATE scopes SET "
                             "revision = revision + 1"));
    }

    std::string list(const std::string& name = "device-ca") const {
        return read_file(depot / "crl" / (name + ".crl.pem"), 1 << 20).value();
    }

    void make_deltas() const {
        auto yaml = read_file(depot / "depot.yaml", 1 << 20).value();
        const std::string settings = "crl: {";
        yaml.insert(yaml.find(settings, yaml.find("issues: devices")) + settings.size(), "delta: true, ");
        std::ofstream(depot / "depot.yaml") << yaml;
    }
};

TEST_F(CrlSuccessionTest, an_index_that_lost_a_revocation_makes_no_list) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto before = list();
    lose_revocations();
    for (int i = 0; i < 2; ++i) {
        const auto outcome = on_depot({"crl", "--ca", "device-ca"});
        EXPECT_EQ(outcome.exit_code, 3);
        EXPECT_THAT(outcome.err, HasSubstr("would not list 1 unexpired certificate(s)"));
        EXPECT_THAT(outcome.err, HasSubstr("e.g. " + serial()));
        EXPECT_EQ(list(), before);
    }
    EXPECT_THAT(on_depot({"audit"}).out, HasSubstr("3 was taken, and no CRL is known to have come out"));
}

TEST_F(CrlSuccessionTest, what_the_index_lost_is_taken_over_from_its_list) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    lose_revocations();
    const auto adopted = on_depot({"crl", "adopt", depot / "crl/device-ca.crl.pem", "--ca", "device-ca"});
    EXPECT_EQ(adopted.exit_code, 0) << adopted.err;
    EXPECT_EQ(crl().entries.size(), 1U);
    EXPECT_EQ(on_depot({"crl", "--ca", "device-ca"}).exit_code, 0);
}

TEST_F(CrlSuccessionTest, what_stands_in_the_delta_alone_is_not_lost_either) {
    make_deltas();
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}).exit_code, 0);
    const auto before = list();
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    ASSERT_EQ(list(), before) << "the delta CRL alone";
    lose_revocations();
    const auto outcome = on_depot({"crl", "--ca", "device-ca"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr("device-ca-delta.crl.pem revokes"));
    EXPECT_EQ(list(), before);
    EXPECT_EQ(crl("device-ca-delta").entries.size(), 1U);
}

TEST_F(CrlSuccessionTest, a_lifted_hold_and_an_expired_certificate_leave) {
    ASSERT_EQ(on_depot({"issue", "device", "00000001", "--days", "10"}).exit_code, 0);
    ASSERT_EQ(on_depot({"hold", "A1B2C3D4"}).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "00000001"}).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 2U);
    EXPECT_EQ(on_depot({"unhold", "A1B2C3D4"}).exit_code, 0);
    EXPECT_EQ(on_depot({"crl"}, start + 11 * day).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 1U) << "once more after its expiry";
    EXPECT_EQ(on_depot({"crl"}, start + 12 * day).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 0U);
}

TEST_F(CrlSuccessionTest, a_damaged_list_is_replaced) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    std::ofstream(depot / "crl/device-ca.crl.pem") << "nothing";
    EXPECT_EQ(on_depot({"crl", "--ca", "root"}).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 1U);
}

TEST_F(CrlSuccessionTest, only_the_hold_that_was_lifted_may_leave) {
    const auto clock_ahead = start + 300 * day;
    ASSERT_EQ(on_depot({"hold", "A1B2C3D4"}, clock_ahead).exit_code, 0);
    ASSERT_EQ(on_depot({"unhold", "A1B2C3D4"}, start + 1h).exit_code, 0);
    auto index = Index::open(depot / "index.sqlite").value();
    const auto octets = parse_serial(serial()).value();
    const auto may = [&](CrlReason reason, std::chrono::sys_seconds revoked_at,
                         std::chrono::sys_seconds at = start + 2h) {
        return may_depart(index, "device-ca", octets, {reason, revoked_at}, at).value();
    };
    EXPECT_TRUE(may(CrlReason::certificate_hold, clock_ahead)) << "the one that was lifted";
    EXPECT_TRUE(may(CrlReason::certificate_hold, start)) << "an earlier one";
    EXPECT_FALSE(may(CrlReason::certificate_hold, start + 61min))
        << "another one, though the clock was wrong before";
    EXPECT_FALSE(may(CrlReason::certificate_hold, start + 2h)) << "another one, set since";
    EXPECT_FALSE(may(CrlReason::key_compromise, start)) << "no hold";
    EXPECT_TRUE(may(CrlReason::key_compromise, start, start + 10000 * day)) << "expired";
    EXPECT_FALSE(
        may_depart(index, "device-ca", "unknown", {CrlReason::certificate_hold, start}, start + 10000 * day)
            .value());
}

TEST_F(CrlSuccessionTest, a_hold_that_was_set_again_within_the_second_stays) {
    for (const char* command : {"hold", "unhold", "hold"})
        ASSERT_EQ(on_depot({command, "A1B2C3D4"}).exit_code, 0);
    auto index = Index::open(depot / "index.sqlite").value();
    const auto octets = parse_serial(serial()).value();
    const RevokedSerials::Entry entry{CrlReason::certificate_hold, start};
    EXPECT_FALSE(may_depart(index, "device-ca", octets, entry, start).value());
    ASSERT_EQ(on_depot({"unhold", "A1B2C3D4"}).exit_code, 0);
    EXPECT_TRUE(may_depart(index, "device-ca", octets, entry, start).value());
    EXPECT_EQ(crl().entries.size(), 0U);
}

TEST_F(CrlSuccessionTest, a_hold_that_was_taken_over_can_be_lifted) {
    const auto backup = (folder.path() / "backup").string(), restored = (folder.path() / "restored").string();
    ASSERT_EQ(on_depot({"backup", "--to", backup}).exit_code, 0);
    ASSERT_EQ(on_depot({"hold", "A1B2C3D4"}, start + 300 * day).exit_code, 0) << "a clock that is ahead";
    ASSERT_EQ(run({"restore", "--from", backup, "--depot", restored}).exit_code, 0);
    ASSERT_EQ(run({"crl", "adopt", depot / "crl/device-ca.crl.pem", "--depot", restored}).exit_code, 0);
    const auto released = run({"unhold", "A1B2C3D4", "--depot", restored});
    EXPECT_EQ(released.exit_code, 0) << released.err;
}

}  // namespace
}  // namespace sallyport::pki
