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

    std::map<std::string, CrlReason> entries() const {
        const auto all = crl().entries;
        return {all.begin(), all.end()};
    }

    void make_deltas() const {
        auto yaml = read_file(depot / "depot.yaml", 1 << 20).value();
        const std::string settings = "crl: {";
        yaml.insert(yaml.find(settings, yaml.find("issues: devices")) + settings.size(), "delta: true, ");
        std::ofstream(depot / "depot.yaml") << yaml;
    }
};

TEST_F(CrlSuccessionTest, what_the_index_lost_is_taken_over_from_the_list_before) {
    ASSERT_EQ(on_depot({"issue", "device", "00000001"}).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4", "--reason", "keyCompromise"}).exit_code, 0);
    lose_revocations();
    EXPECT_THAT(on_depot({"doctor"}).err, HasSubstr("1 revocation(s) of the audit log are not in the index"));
    const auto outcome = on_depot({"revoke", "00000001"});
    EXPECT_EQ(outcome.exit_code, 0) << "a new revocation must not wait for an old fault: " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("had lost 1 revocation(s), e.g. " + serial()));
    const std::map<std::string, CrlReason> listed = entries();
    EXPECT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed.at(serial()), CrlReason::key_compromise);
    EXPECT_THAT(on_depot({"show", "A1B2C3D4"}).out, HasSubstr("revoked"));
    EXPECT_EQ(on_depot({"doctor"}).exit_code, 0) << on_depot({"doctor"}).err;
    EXPECT_EQ(on_depot({"crl"}).err, "");
}

TEST_F(CrlSuccessionTest, what_stands_in_the_delta_alone_is_not_lost_either) {
    make_deltas();
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}).exit_code, 0);
    const auto before = list();
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    ASSERT_EQ(list(), before) << "the delta CRL alone";
    lose_revocations();
    const auto outcome = on_depot({"crl", "--ca", "device-ca"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("device-ca-delta.crl.pem, which has them"));
    EXPECT_EQ(crl().entries.size(), 1U);
}

TEST_F(CrlSuccessionTest, an_index_that_was_set_back_uses_no_number_again) {
    for (const bool with_deltas : {false, true}) {
        if (with_deltas) make_deltas();
        const std::string held = with_deltas ? "000000A2" : "000000A1";
        ASSERT_EQ(on_depot({"issue", "device", held}).exit_code, 0);
        ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}).exit_code, 0);
        fs::copy_file(depot / "index.sqlite", folder.path() / "old", fs::copy_options::overwrite_existing);
        const std::string device = with_deltas ? "00000002" : "00000001";
        ASSERT_EQ(on_depot({"issue", "device", device}).exit_code, 0);
        ASSERT_EQ(on_depot({"revoke", device}).exit_code, 0);
        ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}).exit_code, 0);
        ASSERT_EQ(on_depot({"hold", held}).exit_code, 0);
        const auto complete = list(), delta = with_deltas ? list("device-ca-delta") : "";
        fs::copy_file(folder.path() / "old", depot / "index.sqlite", fs::copy_options::overwrite_existing);
        const auto outcome = on_depot({"revoke", held});
        EXPECT_EQ(outcome.exit_code, 3);
        EXPECT_THAT(outcome.err, HasSubstr("the index is older than its lists"));
        EXPECT_EQ(list(), complete);
        if (with_deltas) {
            EXPECT_EQ(list("device-ca-delta"), delta);
        }
        std::vector<std::string> adopt{"crl", "adopt", depot / "crl/device-ca.crl.pem"};
        if (with_deltas) adopt.push_back(depot / "crl/device-ca-delta.crl.pem");
        const auto adopted = on_depot(adopt);
        EXPECT_EQ(adopted.exit_code, 0) << adopted.err;
        EXPECT_TRUE(entries().contains(serial(held)));
        EXPECT_EQ(entries().size(), with_deltas ? 4U : 2U);
        EXPECT_EQ(on_depot({"doctor"}).exit_code, 0) << on_depot({"doctor"}).err;
    }
}

TEST_F(CrlSuccessionTest, a_damaged_list_beside_a_damaged_index_makes_none) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto good = list();
    lose_revocations();
    std::ofstream(depot / "crl/device-ca.crl.pem") << good.substr(0, 300);
    const auto outcome = on_depot({"crl", "--ca", "device-ca"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err,
                HasSubstr("by its audit log the index has lost 1 revocation(s), e.g. " + serial()));
    EXPECT_EQ(list(), good.substr(0, 300));
    const auto place = folder.path() / "of-a-place.crl";
    std::ofstream(place) << good;
    EXPECT_EQ(on_depot({"crl", "adopt", place}).exit_code, 2) << "not beside a file that cannot be read";
    fs::remove(depot / "crl/device-ca.crl.pem");
    const auto adopted = on_depot({"crl", "adopt", place});
    EXPECT_EQ(adopted.exit_code, 0) << adopted.err;
    EXPECT_EQ(crl().entries.size(), 1U);
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

TEST_F(CrlSuccessionTest, a_hold_of_a_certificate_that_nobody_remembers_can_be_lifted) {
    const auto backup = (folder.path() / "backup").string(), restored = (folder.path() / "restored").string();
    ASSERT_EQ(on_depot({"backup", "--to", backup}).exit_code, 0);
    ASSERT_EQ(on_depot({"issue", "device", "00000001"}).exit_code, 0);
    ASSERT_EQ(on_depot({"hold", "00000001"}).exit_code, 0);
    ASSERT_EQ(run({"restore", "--from", backup, "--depot", restored}).exit_code, 0);
    ASSERT_EQ(run({"crl", "adopt", depot / "crl/device-ca.crl.pem", "--depot", restored}).exit_code, 0);
    const auto file = (depot / "devices/00000001/certs_device.pem").string();
    const auto released = run({"unhold", "--cert", file, "--depot", restored});
    EXPECT_EQ(released.exit_code, 0) << released.err;
    const auto again = run({"crl", "adopt", depot / "crl/device-ca.crl.pem", "--depot", restored});
    EXPECT_THAT(again.out, HasSubstr("0 entries taken over")) << "a hold that was lifted is not set again";
}

TEST(CrlSuccessionOfPartitions, one_that_fails_keeps_no_other_from_its_list) {
    const sallyport::test::TemporaryFolder folder;
    const auto depot = folder.path() / "depot";
    const auto tool = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--depot", depot});
        return run(arguments);
    };
    std::ofstream(folder.path() / "profile.yaml")
        << "organization: Example\nauthorities:\n  - {name: root, key: {algorithm: p-256}}\n"
           "  - {name: device-ca, issuer: root, issues: devices, key: {algorithm: p-256}, crl: {url: "
           "'http://crl.example', partitions: 2}}\nrevoke: {ask_above_percent: 100}\n";
    ASSERT_EQ(tool({"init", "--profile", folder.path() / "profile.yaml"}).exit_code, 0);
    ASSERT_EQ(tool({"issue", "devices", "--range", "00000001", "00000008"}).exit_code, 0);
    ASSERT_EQ(tool({"revoke", "--issued-before", "2100-01-01"}).exit_code, 0);
    const auto name = [&](const char* list) { return depot / "crl" / (std::string(list) + ".crl.pem"); };
    const auto of_0 = read_file(name("device-ca-0p"), 1 << 20).value();
    const auto of_1 = read_file(name("device-ca-1p"), 1 << 20).value();
    std::ofstream(name("device-ca-0p")) << "nothing";
    auto database = Database::open(depot / "index.sqlite").value();
    ASSERT_TRUE(database.execute("DROP TRIGGER only_a_hold_is_lifted; DELETE FROM revocations"));
    const auto outcome = tool({"crl", "--ca", "device-ca"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr("device-ca-0p.crl.pem is not the list that belongs there"));
    EXPECT_THAT(outcome.out, HasSubstr("device-ca-1p.crl.pem"));
    EXPECT_GT(read_file(name("device-ca-1p"), 1 << 20).value().size(), of_1.size() / 2);
    std::ofstream(name("device-ca-0p")) << of_1;  // of the other partition
    EXPECT_EQ(tool({"crl", "--ca", "device-ca"}).exit_code, 3);
    fs::remove(name("device-ca-0p"));
    std::ofstream(folder.path() / "0p") << of_0;
    EXPECT_EQ(tool({"crl", "adopt", folder.path() / "0p"}).exit_code, 0);
    EXPECT_EQ(tool({"doctor"}).exit_code, 0) << tool({"doctor"}).err;
}

}  // namespace
}  // namespace sallyport::pki
