// What an operator may not have in mind: commands that say more than was asked, or refuse what cannot be
// meant.

#include "tests/unit/pki_tool/depot_fixture.h"

#include <sys/stat.h>

namespace sallyport::pki {
namespace {

using namespace test;
using testing::Not;

struct Mistake {
    const char* name;
    std::vector<std::string> arguments;
    const char* said;
};

class MistakeTest : public DepotTest, public testing::WithParamInterface<Mistake> {};

TEST_P(MistakeTest, is_refused) {
    const auto before = read_file(depot / "index.sqlite", 1 << 24).value();
    const auto outcome = on_depot(GetParam().arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(GetParam().said));
    EXPECT_EQ(read_file(depot / "index.sqlite", 1 << 24).value(), before) << "nothing was changed";
}

INSTANTIATE_TEST_SUITE_P(
    table, MistakeTest,
    testing::Values(
        Mistake{"head_is_no_hash", {"audit", "verify", "--head", "whatever"}, "no hash of an event"},
        Mistake{
            "key_lost_tomorrow", {"revoke", "A1B2C3D4", "--invalid-since", "2999-01-01"}, "in the future"},
        Mistake{
            "activity_without_dry_run", {"revoke", "A1B2C3D4", "--activity", "devices.json"}, "--dry-run"},
        Mistake{"wait_before_adopt", {"crl", "--wait", "adopt", "FILE"}, "stand behind 'adopt'"},
        Mistake{"days_before_adopt", {"crl", "--days", "3", "adopt", "FILE"}, "stand behind 'adopt'"},
        Mistake{"patience_before_adopt", {"crl", "--patience", "5", "adopt", "FILE"}, "stand behind 'adopt'"},
        Mistake{"ca_before_adopt", {"crl", "--ca", "root", "adopt", "FILE"}, "stand behind 'adopt'"}),
    [](const auto& given) { return given.param.name; });

TEST_F(DepotTest, no_folder_of_a_depot_names_init_and_restore) {
    const auto outcome = run({"list", "--depot", folder.path() / "nothing"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("sallyport-pki init"));
    EXPECT_THAT(outcome.err, HasSubstr("sallyport-pki restore --from BACKUP"));
}

TEST_F(DepotTest, what_cannot_be_meant_makes_no_depot) {
    const auto profile = folder.path() / "profile.yaml";
    const auto root = (folder.path() / "other").string();
    std::ofstream(profile)
        << "organization: Example\nauthorities:\n  - {name: root, key: {algorithm: p-256}}\n";
    const auto import = (folder.path() / "ca.pem").string();
    const auto refused = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--depot", root});
        const auto outcome = run(arguments);
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_FALSE(fs::exists(root));
        return outcome.err;
    };
    EXPECT_THAT(refused({"init", "--profile", profile, "--import", import, "--import-no-crl"}),
                HasSubstr("no authority with 'issuer: elsewhere'"));
    EXPECT_THAT(refused({"init", "--import", import, "--import-no-crl", "--import-crl", import}),
                HasSubstr("excludes"));
    EXPECT_THAT(refused({"init", "--import", import, "--import-no-crl", "--days", "10"}),
                HasSubstr("excludes"));
    std::ofstream(profile) << "organization: Example\nauthorities:\n"
                              "  - {name: one, issuer: elsewhere, issues: devices}\n"
                              "  - {name: two, issuer: elsewhere, issues: devices}\n";
    EXPECT_THAT(refused({"init", "--profile", profile, "--import", import, "--import-no-crl"}),
                HasSubstr("init takes over one"));
}

TEST_F(DepotTest, renewal_goes_on_from_what_was_not_revoked) {
    const auto first = serial();
    ASSERT_EQ(on_depot({"renew", "A1B2C3D4"}).exit_code, 0);
    const auto second = serial();
    const auto revoked = on_depot({"revoke", "--serial", second});
    EXPECT_EQ(revoked.exit_code, 0);
    EXPECT_THAT(revoked.err, HasSubstr("1 more certificate(s) in use, e.g. " + first));
    const auto renewed = on_depot({"renew", "A1B2C3D4"});
    EXPECT_EQ(renewed.exit_code, 0) << renewed.err;
    EXPECT_THAT(renewed.out, HasSubstr(first + " (A1B2C3D4) stays valid until"));
    EXPECT_THAT(renewed.err, HasSubstr(second + ", is revoked"));
    const auto all = on_depot({"revoke", "A1B2C3D4"});
    EXPECT_EQ(all.exit_code, 0) << all.err;
    EXPECT_THAT(all.err, Not(HasSubstr("in use")));
    EXPECT_THAT(on_depot({"renew", "A1B2C3D4"}).err, HasSubstr("issue a new one with"));
}

TEST_F(DepotTest, an_expired_certificate_is_no_way_back_for_a_revoked_device) {
    ASSERT_EQ(on_depot({"issue", "device", "00000001", "--days", "10"}).exit_code, 0);
    ASSERT_EQ(on_depot({"renew", "00000001"}, start + 5 * day).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "00000001"}, start + 20 * day).exit_code, 0);
    const auto renewed = on_depot({"renew", "00000001"}, start + 20 * day);
    EXPECT_EQ(renewed.exit_code, 1) << renewed.out;
    EXPECT_THAT(renewed.err, HasSubstr("is revoked; issue a new one with"));
}

TEST_F(DepotTest, what_a_clock_ahead_made_is_no_base_for_a_delta) {
    auto yaml = read_file(depot / "depot.yaml", 1 << 20).value();
    const std::string settings = "crl: {";
    yaml.insert(yaml.find(settings, yaml.find("issues: devices")) + settings.size(), "delta: true, ");
    std::ofstream(depot / "depot.yaml") << yaml;
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}, start + 300 * day).exit_code, 0);
    const auto revoked = on_depot({"revoke", "A1B2C3D4"});
    EXPECT_EQ(revoked.exit_code, 0) << revoked.err;
    EXPECT_EQ(crl().entries.size(), 1U) << "in the complete list, which is in force now";
    EXPECT_LT(crl().next_update, start + 40 * day);
}

TEST_F(DepotTest, a_long_list_gives_no_revoked_device_a_new_identity) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto outcome = on_depot({"issue", "devices", "--range", "A1B2C3D3", "A1B2C3D4"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("issued to 1 devices"));
    EXPECT_THAT(outcome.err, HasSubstr("1 revoked devices were passed over, e.g. A1B2C3D4"));
    const auto none = on_depot({"issue", "devices", "--range", "A1B2C3D4", "A1B2C3D4"});
    EXPECT_EQ(none.exit_code, 1) << "it did nothing";
    const auto meant = on_depot({"issue", "devices", "--range", "A1B2C3D4", "A1B2C3D4", "--also-revoked"});
    EXPECT_THAT(meant.out, HasSubstr("issued to 1 devices")) << meant.err;
}

TEST_F(DepotTest, what_stays_as_it_is_is_told) {
    ASSERT_EQ(on_depot({"issue", "device", "00000001"}).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto held = on_depot({"hold", "A1B2C3D4", "00000001"});
    EXPECT_EQ(held.exit_code, 0) << held.err;
    EXPECT_THAT(held.err, HasSubstr("1 of the certificates named stay as they are"));
    EXPECT_THAT(held.err, HasSubstr("(A1B2C3D4), which is revoked already"));
    const auto released = on_depot({"unhold", "A1B2C3D4", "00000001"});
    EXPECT_EQ(released.exit_code, 0) << released.err;
    EXPECT_THAT(released.err, HasSubstr("(A1B2C3D4), which is revoked already"));
}

TEST_F(DepotTest, a_backup_that_fails_leaves_no_keys_behind) {
    ASSERT_EQ(::mkfifo((depot / "pipe").c_str(), 0600), 0);  // cannot be copied
    const auto target = folder.path() / "backup";
    EXPECT_EQ(on_depot({"backup", "--to", target}).exit_code, 3);
    EXPECT_FALSE(fs::exists(target));
    EXPECT_FALSE(fs::exists(target.string() + ".partial"));
    EXPECT_THAT(on_depot({"audit"}).out, Not(HasSubstr("backup")));
    fs::remove(depot / "pipe");
    EXPECT_EQ(on_depot({"backup", "--to", target}).exit_code, 0);
    EXPECT_THAT(on_depot({"audit"}).out, HasSubstr("backup"));
}

TEST_F(DepotTest, a_place_that_was_set_back_is_seen_and_mended) {
    const auto place = folder.path() / "place";
    fs::create_directory(place);
    std::ofstream(depot / "depot.yaml", std::ios::app) << "publish: [{folder: '" << place.string() << "'}]\n";
    ASSERT_EQ(on_depot({"publish"}).exit_code, 0);
    const auto older = read_file(place / "device-ca.crl", 1 << 20).value();
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto newest = read_file(place / "device-ca.crl", 1 << 20).value();
    EXPECT_EQ(on_depot({"doctor"}).exit_code, 0) << on_depot({"doctor"}).err;
    std::ofstream(place / "device-ca.crl") << older;
    const auto seen = on_depot({"doctor"});
    EXPECT_EQ(seen.exit_code, 1);
    EXPECT_THAT(seen.err, HasSubstr("device-ca.crl: number 1 is there, ours is number 2"));
    fs::remove(place / "root.crl");
    EXPECT_THAT(on_depot({"doctor"}).err, HasSubstr("root.crl: is not there"));
    EXPECT_EQ(on_depot({"crl", "--refresh-if-due"}).exit_code, 0) << "as the timer does";
    EXPECT_EQ(read_file(place / "device-ca.crl", 1 << 20).value(), newest);
    EXPECT_TRUE(fs::exists(place / "root.crl"));
    EXPECT_EQ(on_depot({"doctor"}).exit_code, 0);
}

}  // namespace
}  // namespace sallyport::pki
