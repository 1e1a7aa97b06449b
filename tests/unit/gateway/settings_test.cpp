#include "gateway/settings.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

/// A folder with a configuration and empty files for what it names; gone at the end.
class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("settings_test." + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_ / "crl");
        for (const auto* name : {"chain.pem", "key.pem", "ca.pem", "issuing.pem"})
            std::ofstream(path_ / name) << "";
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::filesystem::path& path() const { return path_; }

    boost::system::result<Settings, ConfigurationFaults> load(const std::string& yaml) const {
        std::ofstream(path_ / "gateway.yaml", std::ios::binary) << yaml;
        return load_settings(path_ / "gateway.yaml");
    }

  private:
    std::filesystem::path path_;
};

/// The least that a gateway needs, one line for each key, so that a test can count lines.
constexpr const char* least = R"(listeners:
  - name: fleet
    address: 127.0.0.1:8443
    mode: high
    certificates: [{chain: chain.pem, key: key.pem}]
devices:
  trust: [ca.pem]
revocation:
  sources: [{path: crl}]
store:
  endpoints: [http://127.0.0.1:9000]
admin:
  address: 127.0.0.1:9901
)";

/// `least` with one text in place of another.
std::string with(const std::string& from, const std::string& to) {
    std::string yaml = least;
    const auto at = yaml.find(from);
    if (at == yaml.npos) throw std::logic_error("not there: " + from);
    return yaml.replace(at, from.size(), to);
}

TEST(Settings, have_defaults_for_all_but_the_least) {
    const Folder folder;
    const auto loaded = folder.load(least);
    ASSERT_TRUE(loaded) << loaded.error().lines.front();
    const Settings& s = *loaded;
    ASSERT_EQ(s.listeners.size(), 1U);
    EXPECT_EQ(s.listeners[0].name, "fleet");
    EXPECT_EQ(s.listeners[0].address, (SocketAddress{"127.0.0.1", 8443}));
    ASSERT_EQ(s.listeners[0].certificates.size(), 1U);
    EXPECT_EQ(s.listeners[0].mode, Mode::high);
    EXPECT_EQ(s.listeners[0].certificates[0].chain, folder.path() / "chain.pem")
        << "relative to the configuration's folder";
    EXPECT_EQ(s.listeners[0].certificates[0].key, folder.path() / "key.pem");
    EXPECT_TRUE(s.listeners[0].hosts.empty());
    EXPECT_EQ(s.devices.trust, std::vector{folder.path() / "ca.pem"});
    EXPECT_TRUE(s.devices.intermediates.empty());
    EXPECT_EQ(s.devices.identity.san_uri_prefix, "urn:canedge:device:");
    EXPECT_EQ(s.devices.identity.pattern, "[0-9A-F]{8}");
    EXPECT_EQ(s.revocation_requirement, pki::RevocationRequirement::chain);
    EXPECT_EQ(s.crl_sources, std::vector{folder.path() / "crl"});
    EXPECT_EQ(s.ladder.due_percent, 75U);
    EXPECT_EQ(s.ladder.grace, 24h);
    EXPECT_EQ(s.longest_lifetime, 1100 * 24h);
    EXPECT_TRUE(s.state.empty());
    ASSERT_EQ(s.policy.rules.size(), 1U);
    EXPECT_EQ(s.policy.rules[0].on, "{bucket}/{device}/*");
    EXPECT_EQ(s.store.endpoints, (std::vector{StoreUrl{false, false, "127.0.0.1", 9000}}));
    EXPECT_EQ(s.admin.address, (SocketAddress{"127.0.0.1", 9901}));
    EXPECT_EQ(s.limits.connections, 10'000U);
    EXPECT_EQ(s.log.access, "stdout");
    EXPECT_GE(s.workers, 1U);
}

TEST(Settings, take_what_is_given) {
    const Folder folder;
    const auto loaded = folder.load(with("trust: [ca.pem]", R"(trust: [ca.pem]
  intermediates: issuing.pem
  identity: {san_uri: 'urn:x:{id}', common_name: false, pattern: '[a-z]+'})") +
                                    R"(workers: 3
authorization:
  - {who: device, allow: [PutObject, HeadObject], on: 'logs/{device}/*'}
  - {allow: GetObject, on: 'firmware/*'}
limits: {connections: 7, idle: 2m, head_bytes: 32KiB, drain: 0ms, crl_bytes: 2GiB}
log: {access: off, events: events.log, level: warning}
)");
    ASSERT_TRUE(loaded) << loaded.error().lines.front();
    EXPECT_EQ(loaded->workers, 3U);
    EXPECT_EQ(loaded->devices.intermediates, std::vector{folder.path() / "issuing.pem"});
    EXPECT_EQ(loaded->devices.identity.san_uri_prefix, "urn:x:");
    EXPECT_FALSE(loaded->devices.identity.common_name);
    EXPECT_EQ(loaded->devices.identity.pattern, "[a-z]+");
    ASSERT_EQ(loaded->policy.rules.size(), 2U);
    EXPECT_EQ(loaded->policy.rules[0].actions, (std::vector<std::string>{"PutObject", "HeadObject"}));
    EXPECT_EQ(loaded->policy.rules[1].actions, std::vector<std::string>{"GetObject"});
    EXPECT_EQ(loaded->policy.rules[1].on, "firmware/*");
    EXPECT_EQ(loaded->limits.connections, 7U);
    EXPECT_EQ(loaded->limits.idle, 2min);
    EXPECT_EQ(loaded->limits.head_bytes, 32U * 1024);
    EXPECT_EQ(loaded->limits.drain, 0ms);
    EXPECT_EQ(loaded->limits.crl_bytes, 1ULL << 31U);
    EXPECT_EQ(loaded->log.access, "off");
    EXPECT_EQ(loaded->log.events, (folder.path() / "events.log").string());
    EXPECT_EQ(loaded->log.level, "warning");
}

TEST(Settings, know_no_devices_where_no_listener_does) {
    const Folder folder;
    const auto loaded = folder.load(R"(listeners:
  - {name: old, address: 127.0.0.1:8080, mode: low, insecure: true, hosts: [Gateway.test]}
  - {name: new, address: 127.0.0.1:8443, mode: medium, tls: {profile: modern}, certificates: [{chain: chain.pem, key: key.pem}]}
authorization:
  - {who: credentials, allow: [PutObject], on: 'fleet/*'}
store: {endpoints: [http://127.0.0.1:9000]}
admin: {address: 127.0.0.1:9901}
)");
    ASSERT_TRUE(loaded) << loaded.error().lines.front();
    EXPECT_EQ(loaded->listeners[0].mode, Mode::low);
    EXPECT_EQ(loaded->listeners[0].hosts, std::vector<std::string>{"gateway.test"});
    EXPECT_TRUE(loaded->listeners[0].certificates.empty());
    EXPECT_EQ(loaded->listeners[1].mode, Mode::medium);
    EXPECT_EQ(loaded->listeners[1].profile, pki::TlsProfile::modern);
    EXPECT_TRUE(loaded->devices.trust.empty());
    EXPECT_EQ(loaded->policy.rules.at(0).who, ClientKind::credentials);
}

TEST(Settings, without_rules_allow_nothing) {
    const Folder folder;
    const auto loaded = folder.load(std::string(least) + "authorization: []\n");
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->policy.rules.empty());
}

struct FaultCase {
    const char* name;
    std::string yaml;
    const char* place;  ///< of the first fault, "line:column"; empty: no fault
    const char* what;
    std::size_t lines = 1;  ///< faults that follow from the first
};

std::vector<FaultCase> fault_cases() {
    const std::string whole = least;
    const std::string resigning =
        "  signing: resign\n  resign: {region: r, credentials: {environment: S}}\n  endpoints";
    const auto rule = [&](const std::string& text) { return whole + "authorization:\n  - " + text + "\n"; };
    const auto limit = [&](const std::string& text) { return whole + "limits: {" + text + "}\n"; };
    return {
        {"unknown_key", whole + "listen: 1\n", "14:1", "unknown key 'listen'"},
        {"unknown_key_within", with("    mode: high", "    mod: 1\n    mode: high"), "4:5",
         "unknown key 'mod'"},
        {"secrets_of_the_environment", whole + "access_keys: {fleet: [A], secrets: {environment: S}}\n", "",
         ""},
        {"secrets_from_nowhere", whole + "access_keys: {fleet: [A], secrets: {}}\n", "14:36",
         "one of file, environment and credential is needed"},
        {"secrets_from_two_places",
         whole + "access_keys: {fleet: [A], secrets: {environment: S, credential: S}}\n", "14:36",
         "one of file, environment and credential is needed"},
        {"secrets_from_another_folder", whole + "access_keys: {fleet: [A], secrets: {credential: ../s}}\n",
         "14:49", "'../s' is no name"},
        {"secrets_file_missing", whole + "access_keys: {fleet: [A], secrets: {file: no.txt}}\n", "14:43",
         "no.txt"},
        {"region_without_secrets", whole + "access_keys: {fleet: [A], region: eu}\n", "14:14",
         "region and clock_skew count with secrets only"},
        {"duplicate_key", whole + "admin: {address: 127.0.0.1:1}\n", "14:1", "duplicate key 'admin'"},
        {"bad_syntax", whole + "  - [\n", "14:3", "end of map not found"},
        {"two_documents", whole + "---\na: 1\n", "1:1", "more than one YAML document"},
        {"empty", "", "1:1", "empty"},
        {"a_list", "- a\n", "1:1", "a mapping (key: value) is needed here", 6},
        {"no_listeners", with(whole.substr(0, whole.find("devices")), ""), "1:1", "'listeners' is missing"},
        {"empty_listeners", with(whole.substr(0, whole.find("devices")), "listeners: []\n"), "1:1",
         "at least one is needed"},
        {"no_name", with("name: fleet\n    ", ""), "2:5", "'name' is missing"},
        {"address_without_port", with("127.0.0.1:8443", "127.0.0.1"), "3:14", "is not IP:PORT"},
        {"address_with_a_name", with("127.0.0.1:8443", "localhost:8443"), "3:14", "is not IP:PORT"},
        {"address_port_zero", with("127.0.0.1:8443", "127.0.0.1:0"), "3:14", "is not IP:PORT"},
        {"address_port_too_large", with("127.0.0.1:8443", "127.0.0.1:65536"), "3:14", "is not IP:PORT"},
        {"address_port_and_more", with("127.0.0.1:8443", "127.0.0.1:8443x"), "3:14", "is not IP:PORT"},
        {"address_ipv6", with("127.0.0.1:8443", "'[::1]:8443'"), "", ""},
        {"address_ipv6_without_brackets", with("127.0.0.1:8443", "'::1:8443'"), "3:14", "is not IP:PORT"},
        {"address_ipv4_in_brackets", with("127.0.0.1:8443", "'[127.0.0.1]:8443'"), "3:14", "is not IP:PORT"},
        {"mode_low_by_a_slip", with("high", "low"), "2:5", "add 'insecure: true'", 3},
        {"mode_low_with_certificates", with("mode: high", "mode: low\n    insecure: true\n    hosts: [a]"),
         "2:5", "take out 'tls' and 'certificates'"},
        {"mode_low_without_hosts",
         with("mode: high\n    certificates: [{chain: chain.pem, key: key.pem}]",
              "mode: low\n    insecure: true"),
         "2:5", "hosts: needed"},
        {"mode_medium_where_nobody_may_do_anything", with("mode: high", "mode: medium"), "1:1",
         "add a rule such as {who: credentials"},
        {"mode_missing", with("mode: high", "hosts: [a]"), "2:5", "'mode' is missing"},
        {"insecure_is_for_low_only", with("mode: high", "mode: high\n    insecure: true"), "5:5",
         "unknown key"},
        {"mode_unknown", with("high", "highest"), "4:11", "is none of: low, medium, high"},
        {"chain_missing", with("chain: chain.pem, ", ""), "5:20", "'chain' is missing"},
        {"chain_does_not_exist", with("chain.pem", "other.pem"), "5:28", "other.pem does not exist"},
        {"two_certificates",
         with("[{chain: chain.pem, key: key.pem}]",
              "[{chain: chain.pem, key: key.pem}, {chain: chain.pem, key: key.pem}]"),
         "", ""},
        {"no_certificate", with("[{chain: chain.pem, key: key.pem}]", "[]"), "2:5",
         "at least one {chain, key}"},
        {"two_listeners_of_one_name",
         with("devices:",
              "  - {name: fleet, address: '127.0.0.1:1', mode: high, certificates: [{chain: "
              "chain.pem, key: key.pem}]}\ndevices:"),
         "6:5", "'fleet' stands twice"},
        {"tls_profile", with("    mode: high", "    mode: high\n    tls: {profile: nothing}"), "5:20",
         "is none of: canedge"},
        {"no_devices", with("devices:\n  trust: [ca.pem]\n", ""), "1:1", "'devices' is missing"},
        {"no_trust", with("trust: [ca.pem]", "intermediates: [ca.pem]"), "7:3", "'trust' is missing"},
        {"trust_does_not_exist", with("[ca.pem]", "[ca.pem, b.pem]"), "7:19", "b.pem does not exist"},
        {"pattern_is_none", with("trust: [ca.pem]", "trust: [ca.pem]\n  identity: {pattern: '[0-9'}"), "8:23",
         "is not a regular expression"},
        {"san_uri_without_id", with("trust: [ca.pem]", "trust: [ca.pem]\n  identity: {san_uri: 'urn:x:'}"),
         "8:23", "must end with {id}"},
        {"no_revocation", with("revocation:\n  sources: [{path: crl}]\n", ""), "1:1",
         "no device is let in without a CRL"},
        {"no_sources", with("[{path: crl}]", "[]"), "9:3", "at least one {path: FILE or FOLDER} is needed"},
        {"source_does_not_exist", with("path: crl", "path: crls"), "9:20", "crls does not exist"},
        {"source_is_a_word", with("[{path: crl}]", "[crl]"), "9:13", "a mapping (key: value) is needed here",
         2},
        {"grace_without_unit", with("  sources", "  grace: 24\n  sources"), "9:10", "is not a duration"},
        {"grace_too_long", with("  sources", "  grace: 31d\n  sources"), "9:10", "is outside"},
        {"grace_longest", with("  sources", "  grace: 30d\n  sources"), "", ""},
        {"due_after_all_of_it", with("  sources", "  due_percent: 100\n  sources"), "", ""},
        {"due_later_than_that", with("  sources", "  due_percent: 101\n  sources"), "9:16",
         "is not a whole number from 1 to 100"},
        {"lifetime_of_an_hour", with("  sources", "  certificate_lifetime: 1h\n  sources"), "9:25",
         "is outside"},
        {"lost_source_with_state", with("path: crl", "path: crls") + "state: state\n", "", ""},
        {"require_unknown", with("  sources", "  require: none\n  sources"), "9:12",
         "is none of: chain, leaf"},
        {"rule_of_an_unknown_listener", rule("{allow: [PutObject], on: 'b/*', listeners: [flet]}"), "15:49",
         "no listener 'flet'"},
        {"rule_of_an_impossible_device", rule("{allow: [PutObject], on: 'b/*', devices: [A1]}"), "15:47",
         "'A1' does not match"},
        {"rule_of_a_device", rule("{allow: [PutObject], on: 'b/*', devices: [A1B2C3D4], listeners: [fleet]}"),
         "", ""},
        {"medium_with_a_denial_only",
         with("mode: high", "mode: medium") +
             "authorization:\n  - {who: credentials, deny: ['*'], on: 'b/*'}\n",
         "1:1", "add a rule such as {who: credentials"},
        {"rule_of_an_unknown_action", rule("{allow: [Put], on: 'b/*'}"), "15:5", "'Put' is no S3 action"},
        {"rule_without_actions", rule("{on: 'b/*'}"), "15:5", "name at least one S3 action"},
        {"rule_without_place", rule("{allow: [PutObject]}"), "15:5", "'on' is missing"},
        {"rule_for_any_bucket", rule("{allow: [PutObject], on: '*'}"), "15:5", "a bucket and a key pattern"},
        {"rule_for_somebody_else", rule("{who: anyone, allow: [PutObject], on: 'b/*'}"), "15:11",
         "is none of: device"},
        {"no_store", with("store:\n  endpoints: [http://127.0.0.1:9000]\n", ""), "1:1", "'store' is missing"},
        {"no_endpoint", with("[http://127.0.0.1:9000]", "[]"), "11:3", "1 to 16 are needed"},
        {"endpoint_without_scheme", with("http://", "//"), "11:15", "does not begin with http://"},
        {"two_endpoints", with("9000]", "9000, http://127.0.0.1:9001]"), "", ""},
        {"store_ca_missing", with("http://127.0.0.1:9000]", "https://a]\n  tls: {ca: none.pem}"), "12:13",
         "none.pem does not exist"},
        {"signing_unknown", with("  endpoints", "  signing: sigv2\n  endpoints"), "11:12",
         "is none of: passthrough, resign"},
        {"signing_resign_alone", with("  endpoints", "  signing: resign\n  endpoints"), "11:3",
         "belong together"},
        {"resign_unchecked", with("  endpoints", resigning), "1:1",
         "'signing: resign' needs access_keys.secrets: the clients' signatures must be checked first"},
        {"resign_with_keys_alone", with("  endpoints", resigning) + "access_keys: {fleet: [A]}\n", "1:1",
         "'signing: resign' needs access_keys.secrets"},
        {"resign_checked",
         with("  endpoints", resigning) + "access_keys: {fleet: [A], secrets: {environment: S}}\n", "", ""},
        {"no_admin", with("admin:\n  address: 127.0.0.1:9901\n", ""), "1:1", "'admin' is missing"},
        {"admin_for_everybody", with("127.0.0.1:9901", "0.0.0.0:9901"), "13:12",
         "give it a loopback address"},
        {"admin_half_tls", with("127.0.0.1:9901", "127.0.0.1:9901\n  key: gateway.yaml"), "13:3",
         "certificate and key belong together"},
        {"admin_token_from_nowhere", with("127.0.0.1:9901", "127.0.0.1:9901\n  token: {}"), "14:10",
         "one of file, environment and credential is needed"},
        {"admin_on_another_loopback", with("127.0.0.1:9901", "127.9.9.9:9901"), "", ""},
        {"limit_zero", limit("connections: 0"), "14:23", "is not a whole number from 1 to"},
        {"limit_negative", limit("connections: -1"), "14:23", "is not a whole number from 1 to"},
        {"limit_head_too_small", limit("head_bytes: 1023B"), "14:22", "is outside"},
        {"limit_head_smallest", limit("head_bytes: 1024B"), "", ""},
        {"limit_unit", limit("head_bytes: 16KB"), "14:22", "is not a size"},
        {"limit_unknown", limit("conections: 5"), "14:10", "unknown key 'conections'"},
        {"workers_zero", whole + "workers: 0\n", "14:10", "is not a whole number from 1 to 256"},
        {"log_level", whole + "log: {level: all}\n", "14:14", "is none of: debug, info, warning, error"},
    };
}

class SettingsFault : public testing::TestWithParam<FaultCase> {};

TEST_P(SettingsFault, is_told_with_its_place) {
    const Folder folder;
    const auto loaded = folder.load(GetParam().yaml);
    if (*GetParam().place == '\0') {
        EXPECT_TRUE(loaded) << loaded.error().lines.front();
        return;
    }
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().lines.size(), GetParam().lines) << loaded.error().lines.back();
    EXPECT_THAT(loaded.error().lines.front(), testing::StartsWith((folder.path() / "gateway.yaml").string() +
                                                                  ":" + GetParam().place + ": "));
    EXPECT_THAT(loaded.error().lines.front(), testing::HasSubstr(GetParam().what));
}
INSTANTIATE_TEST_SUITE_P(table, SettingsFault, testing::ValuesIn(fault_cases()),
                         [](const auto& row) { return row.param.name; });

TEST(SettingsFaults, are_told_all_at_once) {
    const Folder folder;
    const auto loaded = folder.load(with("high", "highest") + "workers: 0\nx: 1\n");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().lines.size(), 3U);
}

TEST(SettingsFaults, name_a_file_that_cannot_be_read) {
    const Folder folder;
    const auto missing = load_settings(folder.path() / "none.yaml");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().lines.front(), testing::HasSubstr("none.yaml"));
    EXPECT_FALSE(load_settings(folder.path()));
    EXPECT_FALSE(folder.load(std::string(least) + "# " + std::string(1U << 20U, 'x')));
}

}  // namespace
}  // namespace sallyport::gateway
