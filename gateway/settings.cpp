#include "gateway/settings.h"

#include "config/yaml_reader.h"
#include "gateway/policy_settings.h"
#include "gateway/rules/addressing.h"
#include "gateway/rules/device_concerned.h"
#include "pki/file.h"
#include "pki/server_name.h"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

namespace sallyport::gateway {
namespace {

using config::Located;
using config::MapReader;
using namespace std::chrono_literals;

constexpr std::size_t max_configuration_bytes = 1U << 20U;

class SettingsReader {
  public:
    SettingsReader(const std::filesystem::path& file, config::Faults& faults)
        : faults_(faults), paths_(file) {
        settings_.file = file;
    }

    Settings read(const YAML::Node& node) {
        MapReader root(node, "", faults_);
        settings_.workers = static_cast<unsigned>(
            root.integer("workers", std::max(1U, std::thread::hardware_concurrency()), 1, 256));
        read_listeners(root);
        check_shared_addresses(root);
        read_authorities(root);
        if (const auto state = root.string("state")) settings_.state = paths_.resolve(state->text);
        read_revocation(root);
        read_authorization(root);
        check_authorization(root);
        settings_.access_keys = read_access_keys(root, paths_);
        check_policy_of_ramps(root);
        read_store(root);
        check_resigning(root);
        read_limits(root);
        settings_.admin = read_admin(root, paths_);
        read_log(root);
        root.finish();
        return std::move(settings_);
    }

  private:
    void read_listeners(MapReader& root) {
        if (!root.has("listeners")) root.fault("'listeners' is missing");
        for (MapReader& map : root.maps("listeners")) {
            ListenerSettings listener = read_listener(map, paths_);
            const auto same_name = [&](const auto& other) { return other.name == listener.name; };
            if (std::ranges::any_of(settings_.listeners, same_name))
                map.fault("name: '" + listener.name + "' stands twice");
            settings_.listeners.push_back(std::move(listener));
        }
        if (root.has("listeners") && settings_.listeners.empty())
            root.fault("listeners: at least one is needed");
    }

    bool any_listener(auto&& condition) const { return std::ranges::any_of(settings_.listeners, condition); }
    /// Does a listener ask for their certificates?
    bool knows(ClientKind kind) const {
        using pki::ClientCertificate;
        return any_listener([&](const auto& listener) {
            return listener.clients == kind && listener.client_certificate() != ClientCertificate::unused;
        });
    }
    bool knows_anybody() const {
        return settings_.listeners.empty() || knows(ClientKind::devices) || knows(ClientKind::operators);
    }

    /// Listeners of one address share its port: the server name in a client's hello chooses between them.
    void check_shared_addresses(MapReader& root) {
        const auto& all = settings_.listeners;
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (all[i].address != all[j].address || all[i].address.host.empty()) continue;
                const std::string both =
                    "listeners: '" + all[j].name + "' and '" + all[i].name + "' have the same address; ";
                if (all[i].mode == Mode::low || all[j].mode == Mode::low)
                    root.fault(both + "without TLS there is no server name to tell them apart");
                else if (all[i].server_names.empty())
                    root.fault(both + "give the second 'server_names'");
                for (const std::string& name : all[i].server_names) {
                    if (std::ranges::find(all[j].server_names, name) != all[j].server_names.end())
                        root.fault(both + "server name " + name + " belongs to one of them only");
                }
            }
        }
    }

    void read_authorities(MapReader& root) {
        auto devices = root.map("devices");
        if (devices) settings_.devices = read_authority(*devices, paths_, settings_.devices.identity);
        if (!devices && (settings_.listeners.empty() || knows(ClientKind::devices)))
            root.fault("'devices' is missing");
        auto operators = root.map("operators");
        if (operators) settings_.operators = read_authority(*operators, paths_, default_operator_identity());
        if (!operators && knows(ClientKind::operators)) root.fault("'operators' is missing");
        check_ramps(root);
    }

    void check_ramps(MapReader& root) {
        if (!faults_.empty()) return;
        const Identification identification(settings_.devices.identity);
        for (const ListenerSettings& listener : settings_.listeners) {
            for (const std::string& device : listener.ramp.devices) {
                if (!identification.is_id(device))
                    root.fault("listener " + listener.name + ": ramp.devices: '" + device +
                               "' does not match devices.identity.pattern");
            }
        }
    }

    /// A ramp guards the data of devices: it must be told whose data something is.
    void check_policy_of_ramps(MapReader& root) {
        for (const ListenerSettings& listener : settings_.listeners) {
            if (!listener.ramp.includes_anybody()) continue;
            for (const PolicyRule& rule : settings_.policy.rules) {
                if (const auto fault = fault_for_ramp(rule))
                    root.fault("listener " + listener.name + ": ramp: authorization: " + *fault);
            }
        }
    }

    void read_revocation(MapReader& root) {
        auto map = root.map("revocation");
        if (!map && !knows_anybody()) return;
        if (!map) return root.fault("'revocation' is missing: no device is let in without a CRL");
        using Requirement = pki::RevocationRequirement;
        settings_.revocation_requirement = map->choice<Requirement>(
            "require", Requirement::chain, {{"chain", Requirement::chain}, {"leaf", Requirement::leaf}});
        for (MapReader& source : map->maps("sources")) {
            const Located path = source.required_string("path");
            // With a state folder a source may be lost for a while: what it said last is still known.
            settings_.crl_sources.push_back(settings_.state.empty() ? paths_.existing(source, "path", path)
                                                                    : paths_.resolve(path.text));
            source.finish();
        }
        if (settings_.crl_sources.empty())
            map->fault("sources: at least one {path: FILE or FOLDER} is needed");
        settings_.ladder.grace =
            std::chrono::duration_cast<std::chrono::seconds>(map->duration("grace", 24h, 0ms, 30 * 24h));
        settings_.longest_lifetime = std::chrono::duration_cast<std::chrono::seconds>(
            map->duration("certificate_lifetime", 1100 * 24h, 24h, 40 * 366 * 24h));
        settings_.ladder.due_percent = static_cast<unsigned>(map->integer("due_percent", 75, 1, 100));
        settings_.finish_uploads = map->boolean("finish_uploads", false);
        map->finish();
    }

    void read_authorization(MapReader& root) {
        PolicyNames names{{}, [](std::string_view) { return true; }};
        for (const ListenerSettings& listener : settings_.listeners)
            names.listeners.push_back(listener.name);
        // What stands under 'devices' may have a fault, of which its pattern is told already.
        if (faults_.empty()) {
            names.is_device = [identification = Identification(settings_.devices.identity)](
                                  std::string_view id) { return identification.is_id(id); };
        }
        settings_.policy = read_policy(root, names);
    }

    bool allows_anything(ClientKind who, const ListenerSettings& listener) const {
        return std::ranges::any_of(settings_.policy.rules, [&](const PolicyRule& rule) {
            return rule.who == who && rule.effect == Effect::allow &&
                   (rule.listeners.empty() ||
                    std::ranges::find(rule.listeners, listener.name) != rule.listeners.end());
        });
    }

    /// A listener on which every request would be denied is a mistake.
    void check_authorization(MapReader& root) {
        if (!faults_.empty()) return;
        const auto idle = [&](ClientKind who) {
            return [this, who](const ListenerSettings& listener) {
                const bool knows_nobody = listener.mode != Mode::high;
                const ClientKind clients = knows_nobody ? ClientKind::credentials : listener.clients;
                return clients == who && !allows_anything(who, listener);
            };
        };
        if (any_listener(idle(ClientKind::credentials))) {
            root.fault(
                "authorization: a listener of mode low or medium knows no device, so nobody may do anything "
                "there; add a rule such as {who: credentials, allow: [PutObject], on: 'fleet/*'}");
        }
        if (any_listener(idle(ClientKind::operators))) {
            root.fault(
                "authorization: there is a listener for operators, but they may do nothing; add a rule such "
                "as "
                "{who: operator, allow: ['*'], on: 'fleet/*'}");
        }
    }

    void read_store(MapReader& root) {
        auto map = root.map("store");
        if (!map) return root.fault("'store' is missing");
        settings_.store = gateway::read_store(*map, paths_);
    }

    /// Whoever could have anything signed anew would have the store's credentials.
    void check_resigning(MapReader& root) {
        if (settings_.store.resign && settings_.access_keys.secrets.kind == SecretSource::Kind::none)
            root.fault(
                "'signing: resign' needs access_keys.secrets: the clients' signatures must be checked first");
    }

    void read_limits(MapReader& root) {
        auto map = root.map("limits");
        if (!map) return;
        Limits& l = settings_.limits;
        l.connections = map->integer("connections", l.connections, 1, 1'000'000);
        l.handshakes = map->integer("handshakes", l.handshakes, 1, 1'000'000);
        l.handshakes_per_address =
            map->integer("handshakes_per_address", l.handshakes_per_address, 0, 1'000'000);
        l.handshake_failures_per_address =
            map->integer("handshake_failures_per_address", l.handshake_failures_per_address, 0, 1'000'000);
        l.handshake = map->duration("handshake", l.handshake, 100ms, 5min);
        l.head = map->duration("head", l.head, 100ms, 5min);
        l.idle = map->duration("idle", l.idle, 100ms, 24h);
        l.body_progress = map->duration("body_progress", l.body_progress, 100ms, 1h);
        l.store_connect = map->duration("store_connect", l.store_connect, 10ms, 5min);
        l.store_answer = map->duration("store_answer", l.store_answer, 100ms, 1h);
        l.drain = map->duration("drain", l.drain, 0ms, 1h);
        l.head_bytes = map->bytes("head_bytes", l.head_bytes, 1024, 256 * 1024);
        l.body_bytes = map->bytes("body_bytes", l.body_bytes, 0, 1ULL << 50U);
        l.tls_sessions = map->integer("tls_sessions", l.tls_sessions, 0, 10'000'000);
        l.tls_session_lifetime = map->duration("tls_session_lifetime", l.tls_session_lifetime, 1s, 7 * 24h);
        l.crl_bytes = map->bytes("crl_bytes", l.crl_bytes, 1024, 1ULL << 31U);
        l.known_devices = map->integer("known_devices", l.known_devices, 16, 10'000'000);
        read_device_limits(*map);
        l.idle_store_connections =
            map->integer("idle_store_connections", l.idle_store_connections, 0, 10'000);
        l.idle_store = map->duration("idle_store", l.idle_store, 100ms, 24h);
        map->finish();
    }

    void read_device_limits(MapReader& limits) {
        auto map = limits.map("device");
        if (!map) return;
        DeviceLimits& l = settings_.limits.device;
        l.connections = map->integer("connections", 0, 0, 100'000);
        l.requests_per_second = map->integer("requests_per_second", 0, 0, 100'000);
        // A start of the firmware asks for half a dozen objects at once.
        l.request_burst = map->integer("request_burst",
                                       std::max<std::uint64_t>(20, 2 * l.requests_per_second), 1, 1'000'000);
        if (map->has("request_burst") && l.requests_per_second == 0)
            map->fault("request_burst: means nothing without requests_per_second");
        l.bytes_per_day = map->bytes("bytes_per_day", 0, 0, 1ULL << 50U);
        map->finish();
    }

    void read_log(MapReader& root) {
        auto map = root.map("log");
        if (!map) return;
        std::set<std::filesystem::path> files;
        const auto target = [&](std::string_view key, std::string& value,
                                std::initializer_list<std::string_view> words) {
            const auto text = map->string(key);
            if (!text) return;
            const bool word = std::ranges::find(words, text->text) != words.end();
            value = word ? text->text : paths_.resolve(text->text).string();
            settings_.log.places[std::string(key)] = paths_.place(text->mark);
            if (!word && !files.insert(std::filesystem::path(value).lexically_normal()).second)
                map->fault(text->mark, std::string(key) + ": two logs cannot share a file");
        };
        target("access", settings_.log.access, {"stdout", "stderr", "off"});
        target("events", settings_.log.events, {"stdout", "stderr"});
        target("audit", settings_.log.audit, {"off"});
        settings_.log.level = map->choice<std::string>(
            "level", "info",
            {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
        map->finish();
    }

    config::Faults& faults_;
    ConfigurationPaths paths_;
    Settings settings_;
};

}  // namespace

void throw_exception_from_error(const ConfigurationFaults& faults, const boost::source_location&) {
    throw std::logic_error("unchecked configuration faults: " +
                           (faults.lines.empty() ? "" : faults.lines.front()));
}

boost::system::result<Settings, ConfigurationFaults> load_settings(const std::filesystem::path& file) {
    const auto text = pki::read_file(file, max_configuration_bytes);
    if (!text) return ConfigurationFaults{{text.error().message}};
    config::Faults faults(file.string());
    const auto node = config::parse_yaml(*text, faults);
    if (!node) return ConfigurationFaults{faults.messages()};
    Settings settings = SettingsReader(file, faults).read(*node);
    if (!faults.empty()) return ConfigurationFaults{faults.messages()};
    return settings;
}

}  // namespace sallyport::gateway
