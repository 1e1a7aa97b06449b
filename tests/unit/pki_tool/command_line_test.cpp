#include "pki/tool/command_line.h"

#include "pki/certificate.h"
#include "pki/crl_file.h"
#include "pki/file.h"
#include "pki/key.h"
#include "pki/pkcs7.h"
#include "tests/unit/pki_tool/depot_fixture.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sallyport::pki {
namespace {

using namespace test;

TEST_F(DepotTest, identity_files_belong_together) {
    const auto home = depot / "devices/A1B2C3D4";
    const auto bundle = read_certificate_bundle(read_file(home / "certs_device.p7b", 1 << 20).value());
    ASSERT_EQ(bundle.value().size(), 2U) << "leaf and intermediate, no root";
    const auto key = parse_private_key(read_secret_file(home / "certs_device.key", 1 << 20).value(), "test");
    EXPECT_TRUE(key_matches(*key.value(), *bundle->front()));
    const auto names = certificate_names(*bundle->front());
    EXPECT_THAT(names.common_names, testing::ElementsAre("A1B2C3D4"));
    EXPECT_THAT(names.san_uris, testing::ElementsAre("urn:canedge:device:A1B2C3D4"));
    const auto anchors = read_certificate_bundle(read_file(home / "certs_server.p7b", 1 << 20).value());
    ASSERT_EQ(anchors.value().size(), 1U);
    EXPECT_EQ(name_text(*X509_get_subject_name(anchors->front().get())), "CN=Sallyport Root CA,O=Sallyport");
}

TEST_F(DepotTest, revoking_publishes_in_the_same_command) {
    const auto before = crl();
    const auto outcome = on_depot({"revoke", "A1B2C3D4", "--reason", "keyCompromise"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "revoked " + serial() + " (A1B2C3D4), device-ca CRL number 2 written to " +
                               (depot / "crl/device-ca.crl.pem").string() + "\n");
    EXPECT_EQ(before.number, 1U);
    EXPECT_TRUE(before.entries.empty());
    EXPECT_EQ(crl().number, 2U);
    EXPECT_THAT(crl().entries, testing::ElementsAre(testing::Pair(serial(), CrlReason::key_compromise)));

    const auto again = on_depot({"revoke", "A1B2C3D4"});
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_THAT(again.out, HasSubstr("already revoked (keyCompromise, 2027-01-15T08:00:00Z)"));
    EXPECT_EQ(crl().number, 2U) << "nothing changed, nothing published";
}

TEST_F(DepotTest, revoking_a_device_takes_all_its_certificates) {
    const auto first = serial();
    ASSERT_EQ(on_depot({"renew", "A1B2C3D4"}).exit_code, 0);
    ASSERT_NE(serial(), first);
    EXPECT_TRUE(crl().entries.empty()) << "the old one stays valid";
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 2U);
    EXPECT_EQ(crl().number, 2U) << "one CRL for both";
    EXPECT_EQ(crl().entries[0].second, CrlReason::none) << "no reasonCode for unspecified";
}

TEST_F(DepotTest, revoking_by_serial_takes_that_certificate_alone) {
    const auto first = serial();
    ASSERT_EQ(on_depot({"renew", "A1B2C3D4"}).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "--serial", first}).exit_code, 0);
    ASSERT_EQ(crl().entries.size(), 1U);
    EXPECT_EQ(crl().entries[0].first, first);
}

TEST_F(DepotTest, an_intermediate_is_revoked_by_the_root) {
    const auto pem = read_file(depot / "device-ca.pem", 1 << 20).value();
    const auto authority = hex(serial_octets(*parse_certificates(pem, "test").value().front()));
    const auto asked = on_depot({"revoke", "--serial", authority, "--reason", "cACompromise"});
    EXPECT_EQ(asked.exit_code, 1) << "it takes the whole fleet";
    EXPECT_THAT(asked.err, HasSubstr("--yes-revoke 1"));
    EXPECT_TRUE(crl("root").entries.empty());
    ASSERT_EQ(on_depot({"revoke", "--serial", authority, "--reason", "cACompromise", "--yes-revoke", "1"})
                  .exit_code,
              0);
    EXPECT_EQ(crl("root").entries.size(), 1U);
    const auto issue = on_depot({"issue", "device", "00000001"});
    EXPECT_EQ(issue.exit_code, 2);
    EXPECT_THAT(issue.err, HasSubstr("this authority is revoked"));
}

TEST_F(DepotTest, a_hold_is_lifted_and_cannot_be_got_round) {
    ASSERT_EQ(on_depot({"hold", "A1B2C3D4"}).exit_code, 0);
    EXPECT_THAT(crl().entries, testing::ElementsAre(testing::Pair(serial(), CrlReason::certificate_hold)));
    EXPECT_EQ(on_depot({"hold", "A1B2C3D4"}).exit_code, 0) << "already";
    EXPECT_EQ(on_depot({"renew", "A1B2C3D4"}).exit_code, 1);
    EXPECT_EQ(on_depot({"issue", "device", "A1B2C3D4"}).exit_code, 1);
    ASSERT_EQ(on_depot({"unhold", "A1B2C3D4"}).exit_code, 0);
    EXPECT_TRUE(crl().entries.empty());
    EXPECT_EQ(crl().number, 3U);
    EXPECT_EQ(on_depot({"unhold", "A1B2C3D4"}).exit_code, 0) << "already: a command may be given again";
    EXPECT_EQ(crl().number, 3U);
}

TEST_F(DepotTest, a_revocation_is_for_ever) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    EXPECT_EQ(on_depot({"unhold", "A1B2C3D4"}).exit_code, 1);
    EXPECT_EQ(on_depot({"hold", "A1B2C3D4"}).exit_code, 1);
    EXPECT_EQ(on_depot({"renew", "A1B2C3D4"}).exit_code, 1);
    EXPECT_EQ(on_depot({"issue", "device", "A1B2C3D4"}).exit_code, 0)
        << "a new certificate of a recovered device";
    ASSERT_EQ(on_depot({"crl"}).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 1U);
}

TEST_F(DepotTest, an_expired_entry_leaves_after_one_more_crl) {
    ASSERT_EQ(on_depot({"issue", "device", "00000001", "--days", "1"}).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "00000001"}).exit_code, 0);
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}, start + 2 * day).exit_code, 0);
    EXPECT_EQ(crl().entries.size(), 2U);
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}, start + 3 * day).exit_code, 0);
    EXPECT_THAT(crl().entries, testing::ElementsAre(testing::Pair(serial(), CrlReason::none)));
}

TEST_F(DepotTest, a_revocation_never_brings_next_update_forward) {
    EXPECT_EQ(crl().next_update, start + 7 * day);
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca", "--days", "30"}).exit_code, 0);
    EXPECT_EQ(crl().next_update, start + 30 * day);
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}, start + day).exit_code, 0);
    EXPECT_EQ(crl().next_update, start + 30 * day);
    ASSERT_EQ(on_depot({"crl", "--ca", "device-ca"}, start + day).exit_code, 0);
    EXPECT_EQ(crl().next_update, start + 8 * day) << "asked for, so it may";
}

TEST_F(DepotTest, a_damaged_publication_is_repaired_by_the_next_writer) {
    ASSERT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    const auto file = depot / "crl/device-ca.crl.pem";
    const auto published = read_file(file, 1 << 20).value();
    fs::remove(file);
    std::ofstream(depot / "crl/.device-ca.crl.pem.aB3xY9") << "half a C";
    const auto again = on_depot({"revoke", "A1B2C3D4"});
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_THAT(again.err, HasSubstr("completed after an interruption: device-ca CRL number 3"));
    EXPECT_EQ(crl().number, 3U);
    EXPECT_EQ(crl().entries.size(), 1U);
    EXPECT_FALSE(fs::exists(depot / "crl/.device-ca.crl.pem.aB3xY9"));
    std::ofstream(file, std::ios::trunc) << published;  // somebody puts an older one back
    EXPECT_EQ(on_depot({"revoke", "A1B2C3D4"}).exit_code, 0);
    EXPECT_EQ(crl().number, 4U);
}

TEST_F(DepotTest, a_certificate_never_outlives_its_issuer) {
    const auto late = start + 3649 * day;  // the intermediates live 3650 days
    const auto outcome = on_depot({"issue", "device", "00000001", "--days", "100"}, late);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("valid no longer than its issuer device-ca"));
    const auto after = on_depot({"issue", "device", "00000002"}, start + 3650 * day);
    EXPECT_EQ(after.exit_code, 2);
    EXPECT_THAT(after.err, HasSubstr("device-ca.pem: expired at"));
}

TEST_F(DepotTest, exports_crls_as_der) {
    const auto web = folder.path() / "web";
    fs::create_directory(web);
    EXPECT_EQ(on_depot({"publish", "--to", web}).exit_code, 0);
    const auto der = read_file(web / "device-ca.crl", 1 << 20).value();
    EXPECT_TRUE(parse_crl(Bytes(reinterpret_cast<const std::uint8_t*>(der.data()), der.size())));
}

TEST_F(DepotTest, bundles_follow_the_rules_of_the_devices) {
    const std::string root = depot / "root.pem", device_ca = depot / "device-ca.pem";
    const std::string server_ca = depot / "server-ca.pem", out = folder.path() / "certs_server.p7b";
    const auto other = folder.path() / "other";
    ASSERT_EQ(run({"init", "--name", "Other", "--depot", other}).exit_code, 0);
    const struct {
        std::vector<std::string> sources;
        int exit_code;
        const char* message;
    } rows[] = {
        {{root}, 0, ""},
        {{root, other / "root.pem"}, 0, ""},
        {{root, root}, 2, "the same subject as in"},
        {{device_ca, server_ca}, 2, "the same issuer as in"},
        {{depot / "devices/A1B2C3D4/certs_device.p7b"}, 2, "2 certificates; name files with one"},
        {{depot / "devices/A1B2C3D4/certs_device.pem"}, 2, "several certificates need PKCS#7"},
        {{depot / "private/root.key"}, 2, "neither CERTIFICATE nor PKCS7"},
        {std::vector<std::string>(11, root), 2, "a device takes at most 10"},
        {{folder.path() / "missing"}, 2, "No such file"},
    };
    for (const auto& [sources, exit_code, message] : rows) {
        std::vector<std::string> arguments{"bundle", "--out", out};
        arguments.insert(arguments.end(), sources.begin(), sources.end());
        const auto outcome = run(arguments);
        EXPECT_EQ(outcome.exit_code, exit_code) << outcome.out << outcome.err;
        EXPECT_THAT(outcome.err, HasSubstr(message));
        fs::remove(out);
    }
}

struct ModeCase {
    const char* name;
    const char* path;
    unsigned mode;
    bool accepted;
};

class ModeTest : public DepotTest, public testing::WithParamInterface<ModeCase> {};

TEST_P(ModeTest, lax_modes_are_refused_with_the_remedy) {
    const auto path = fs::canonical(depot) / GetParam().path;
    ASSERT_EQ(::chmod(path.c_str(), GetParam().mode), 0);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"list"}, {"revoke", "A1B2C3D4"}}) {
        const auto outcome = on_depot(command);
        EXPECT_EQ(outcome.exit_code, GetParam().accepted ? 0 : 2) << outcome.err;
        EXPECT_EQ(outcome.err.find("run chmod ") != std::string::npos, !GetParam().accepted) << outcome.err;
    }
    EXPECT_EQ(crl().entries.size(), GetParam().accepted ? 1U : 0U);
}

const ModeCase mode_cases[] = {
    {"depot_private", "", 0700, true},
    {"depot_listable", "", 0701, false},
    {"depot_group", "", 0750, false},
    {"keys_group", "private", 0710, false},
    {"index_private", "index.sqlite", 0600, true},
    {"index_readable", "index.sqlite", 0644, false},
    {"root_key_readable", "private/root.key", 0640, false},
    {"device_key_readable", "private/device-ca.key", 0604, false},
    {"certificate_readable", "root.pem", 0644, true},
};
INSTANTIATE_TEST_SUITE_P(table, ModeTest, testing::ValuesIn(mode_cases),
                         [](const auto& row) { return row.param.name; });

struct UsageCase {
    const char* name;
    std::vector<std::string> arguments;
    int exit_code;
};

class UsageTest : public DepotTest, public testing::WithParamInterface<UsageCase> {};

TEST_P(UsageTest, exit_codes_tell_no_from_wrong) {
    const auto outcome = on_depot(GetParam().arguments);
    EXPECT_EQ(outcome.exit_code, GetParam().exit_code) << outcome.out << outcome.err;
    if (GetParam().exit_code != 0) {
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
        EXPECT_TRUE(outcome.out.empty());
    }
}

const UsageCase usage_cases[] = {
    {"no_command", {}, 2},
    {"unknown_command", {"revoque"}, 2},
    {"help", {"--help"}, 0},
    {"issue_nothing", {"issue"}, 2},
    {"issue_again", {"issue", "device", "A1B2C3D4"}, 1},
    {"issue_lower_case", {"issue", "device", "a1b2c3d5"}, 2},
    {"issue_path", {"issue", "device", "../../AB"}, 2},
    {"issue_missing_card", {"issue", "device", "00000001", "--card", "/nonexistent"}, 2},
    {"issue_zero_days", {"issue", "device", "00000001", "--days", "0"}, 2},
    {"issue_server_without_names", {"issue", "server"}, 2},
    {"issue_server_bad_name", {"issue", "server", "--name", "../etc"}, 2},
    {"issue_server_bad_address", {"issue", "server", "--ip", "127.0.0.256"}, 2},
    {"renew_unknown", {"renew", "00000001"}, 1},
    {"revoke_unknown", {"revoke", "00000001"}, 1},
    {"revoke_unknown_serial", {"revoke", "--serial", "01"}, 1},
    {"revoke_malformed", {"revoke", "A1B2"}, 2},
    {"revoke_malformed_serial", {"revoke", "--serial", "xyz"}, 2},
    {"revoke_unknown_besides", {"revoke", "A1B2C3D4", "--serial", "01"}, 1},
    {"revoke_neither", {"revoke"}, 2},
    {"revoke_bad_reason", {"revoke", "A1B2C3D4", "--reason", "stolen"}, 2},
    {"revoke_hold", {"revoke", "A1B2C3D4", "--reason", "certificateHold"}, 2},
    {"hold_unknown", {"hold", "00000001"}, 1},
    {"crl_unknown", {"crl", "--ca", "other-ca"}, 2},
    {"init_again", {"init"}, 2},
    {"show_unknown", {"show", "00000001"}, 1},
    {"show_malformed", {"show", "nobody"}, 2},
    {"show", {"show", "A1B2C3D4"}, 0},
    {"list_json", {"list", "--json"}, 0},
};
INSTANTIATE_TEST_SUITE_P(table, UsageTest, testing::ValuesIn(usage_cases),
                         [](const auto& row) { return row.param.name; });

TEST_F(DepotTest, the_root_is_not_revoked_by_itself) {
    const auto pem = read_file(depot / "root.pem", 1 << 20).value();
    const auto root = hex(serial_octets(*parse_certificates(pem, "test").value().front()));
    EXPECT_EQ(on_depot({"revoke", "--serial", root}).exit_code, 2);
}

TEST(Init, starts_over_what_was_interrupted_and_spares_what_was_not) {
    const sallyport::test::TemporaryFolder folder;
    const auto depot = folder.path() / "depot";
    fs::create_directory(depot);
    std::ofstream(depot / "precious") << "x";
    EXPECT_EQ(run({"init", "--depot", depot}).exit_code, 2) << "not empty";
    EXPECT_TRUE(fs::exists(depot / "precious"));
    fs::remove(depot / "precious");

    std::ofstream{depot / "init-unfinished"};
    std::ofstream{depot / "root.pem"};
    const auto unfinished = run({"list", "--depot", depot});
    EXPECT_EQ(unfinished.exit_code, 2);
    EXPECT_THAT(unfinished.err, HasSubstr("init was interrupted here"));
    EXPECT_EQ(run({"init", "--depot", depot}).exit_code, 0);
    EXPECT_FALSE(fs::exists(depot / "init-unfinished"));
    EXPECT_EQ(run({"list", "--depot", depot}).exit_code, 0);
    EXPECT_EQ(run({"init", "--depot", depot}).exit_code, 2);
}

}  // namespace
}  // namespace sallyport::pki
