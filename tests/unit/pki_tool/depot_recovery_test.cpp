// What the tool does after something went wrong: a kill, a lost key, a wrong clock, a restore.

#include "pki/key.h"
#include "pki/request.h"
#include "pki/tool/index.h"
#include "tests/unit/pki_tool/depot_fixture.h"

#include <array>

namespace sallyport::pki {
namespace {

using namespace test;

TEST_F(DepotTest, an_authority_without_its_key_keeps_no_other_from_its_crl) {
    fs::rename(depot / "private/root.key", folder.path() / "elsewhere");
    const auto before = crl().number;
    const auto outcome = on_depot({"crl", "--refresh-if-due"}, start + 40 * day);
    EXPECT_EQ(outcome.exit_code, 3) << "the root's is due, too";
    EXPECT_THAT(outcome.err, HasSubstr("root.key"));
    EXPECT_EQ(crl().number, before + 1);
    EXPECT_GT(crl().next_update, start + 40 * day);
}

TEST_F(DepotTest, a_crl_made_by_a_clock_that_was_ahead_is_due) {
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}, start + 300 * day).exit_code, 0);
    const auto before = crl().number;
    EXPECT_EQ(on_depot({"crl", "--refresh-if-due"}).exit_code, 0);
    EXPECT_EQ(crl().number, before + 1);
}

TEST_F(DepotTest, a_clock_that_was_ahead_leaves_no_late_next_update) {
    ASSERT_EQ(on_depot({"hold", "A1B2C3D4"}, start + 300 * day).exit_code, 0);
    EXPECT_GT(crl().next_update, start + 300 * day);
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    EXPECT_LT(crl().next_update, start + 40 * day);
}

TEST_F(DepotTest, a_first_delta_crl_that_never_came_out_is_made_anew) {
    auto yaml = read_file(depot / "depot.yaml", 1 << 20).value();
    const auto devices = yaml.find("issues: devices");
    ASSERT_NE(devices, std::string::npos) << yaml;
    const std::string settings = "crl: {";
    yaml.insert(yaml.find(settings, devices) + settings.size(), "delta: true, ");
    std::ofstream(depot / "depot.yaml") << yaml;
    {
        auto index = Index::open(depot / "index.sqlite").value();
        const CrlScopeId scope{"device-ca", 0};
        std::array<CrlPlan, 2> plans{CrlPlan{scope, 1, start, start + 7 * day},
                                     CrlPlan{scope, std::nullopt, start, start + 7 * day}};
        ASSERT_TRUE(index.begin_crls("device-ca", plans, {start, "test", ""}));  // and then it was killed
    }
    const auto place = folder.path() / "place";
    fs::create_directory(place);
    const auto published = on_depot({"publish", "--to", place});
    EXPECT_EQ(published.exit_code, 0) << published.err;
    EXPECT_TRUE(fs::exists(place / "device-ca-delta.crl"));
    EXPECT_EQ(on_depot({"doctor"}).exit_code, 0) << on_depot({"doctor"}).out;
    const auto again = on_depot({"publish", "--to", place});
    EXPECT_THAT(again.err, testing::Not(HasSubstr("completed after an interruption")));
}

TEST_F(DepotTest, a_restored_depot_makes_no_crl_before_it_knows_what_came_later) {
    const auto backup = (folder.path() / "backup").string(), restored = (folder.path() / "restored").string();
    ASSERT_EQ(on_depot({"backup", "--to", backup}).exit_code, 0);
    EXPECT_EQ(on_depot({"backup", "--to", depot / "inside"}).exit_code, 2);
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    ASSERT_EQ(run({"restore", "--from", backup, "--depot", restored}).exit_code, 0);
    const auto held_back = run({"revoke", "A1B2C3D4", "--depot", restored});
    EXPECT_EQ(held_back.exit_code, 3);
    EXPECT_THAT(held_back.err, HasSubstr("crl adopt FILE... --ca device-ca"));
    const auto adopted = run({"crl", "adopt", depot / "crl/device-ca.crl.pem", "--depot", restored});
    EXPECT_EQ(adopted.exit_code, 0) << adopted.err;
    EXPECT_THAT(adopted.out, HasSubstr("from number 2"));
    EXPECT_THAT(adopted.out, HasSubstr("CRL number 3"));
    EXPECT_EQ(run({"crl", "--ca", "root", "--depot", restored}).exit_code, 3)
        << "each authority is asked about";
    EXPECT_EQ(run({"crl", "adopt", "--none-newer", "--ca", "root", "--depot", restored}).exit_code, 0);
    EXPECT_EQ(run({"crl", "--ca", "root", "--depot", restored}).exit_code, 0);
}

TEST_F(DepotTest, a_dry_run_changes_nothing) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto place = folder.path() / "place";
    fs::create_directory(place);
    std::ofstream(depot / "depot.yaml", std::ios::app) << "publish: [{folder: '" << place.string() << "'}]\n";
    const auto before = read_file(depot / "index.sqlite", 1 << 24).value();
    EXPECT_EQ(on_depot({"revoke", "A1B2C3D4", "--dry-run"}).exit_code, 0);
    EXPECT_EQ(on_depot({"hold", "--serial", serial(), "--dry-run"}).exit_code, 1);
    EXPECT_EQ(read_file(depot / "index.sqlite", 1 << 24).value(), before);
    EXPECT_TRUE(fs::is_empty(place));
}

TEST_F(DepotTest, a_key_that_was_revoked_is_never_certified_again) {
    const auto pem = read_file(depot / "devices/A1B2C3D4/certs_device.key", 1 << 16).value();
    const auto key = std::move(parse_private_key(pem, "test").value());
    const auto request = folder.path() / "device.csr";
    const auto text = write_certification_request(*key, "A1B2C3D4", "urn:canedge:device:A1B2C3D4").value();
    ASSERT_TRUE(replace_file(request, text, 0644));
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4", "--reason", "keyCompromise"}).exit_code, 0);
    const auto refused = on_depot({"issue", "device", "A1B2C3D4", "--request", request});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.err, HasSubstr("which is revoked; make a new key"));
    const auto other = write_certification_request(*key, "00000001", "urn:canedge:device:00000001").value();
    ASSERT_TRUE(replace_file(request, other, 0644));
    EXPECT_EQ(on_depot({"issue", "device", "00000001", "--request", request}).exit_code, 2);
    EXPECT_EQ(on_depot({"issue", "device", "A1B2C3D4"}).exit_code, 0) << "with a key of its own";
}

TEST_F(DepotTest, a_key_that_moved_before_a_kill_stays_in_its_folder) {
    const auto home = depot / "devices/A1B2C3D4";
    fs::create_directory(depot / "staging" /
                         serial());  // its files were moved, the folder was not removed yet
    const auto key = read_file(home / "certs_device.key", 1 << 16).value();
    ASSERT_EQ(on_depot({"crl", "--ca", "root"}).exit_code, 0);
    EXPECT_EQ(read_file(home / "certs_device.key", 1 << 16).value(), key);
    EXPECT_FALSE(fs::exists(home / "previous.key"));
}

TEST_F(DepotTest, a_revocation_stands_when_its_crl_cannot_be_published) {
    fs::rename(depot / "private/device-ca.key", folder.path() / "elsewhere");
    const auto outcome = on_depot({"revoke", "A1B2C3D4"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr("in the index, but the device-ca CRL is not published"));
    EXPECT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 3) << "still in no CRL";
    fs::rename(folder.path() / "elsewhere", depot / "private/device-ca.key");
    EXPECT_EQ(on_depot({"crl", "--ca", "root"}).exit_code, 0) << "any writing command publishes it";
    EXPECT_EQ(crl().entries.size(), 1U);
}

TEST_F(DepotTest, an_interrupted_issue_is_completed_or_forgotten) {
    // As if killed between recording the certificate and moving its files ...
    const auto home = depot / "devices/A1B2C3D4";
    const auto staged = depot / "staging" / serial();
    fs::create_directory(staged);
    fs::rename(home / "certs_device.p7b", staged / "certs_device.p7b");
    // ... and another one before it was recorded.
    fs::create_directory(depot / "staging/4A000000000000000000000000000000FF");
    const auto outcome = on_depot({"crl", "--ca", "root"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("completed after an interruption: " + home.string()));
    EXPECT_TRUE(fs::exists(home / "certs_device.p7b"));
    EXPECT_TRUE(fs::is_empty(depot / "staging"));
}

}  // namespace
}  // namespace sallyport::pki
