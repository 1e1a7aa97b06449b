#pragma once

#include "gateway/access_key_settings.h"
#include "gateway/admin_settings.h"
#include "gateway/authority_settings.h"
#include "gateway/device_limiter.h"
#include "gateway/listener_settings.h"
#include "gateway/rules/policy.h"
#include "gateway/store_settings.h"
#include "pki/chain_verifier.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// All bounds of the data path. Each is reloadable unless it says otherwise.
struct Limits {
    std::uint64_t connections = 10'000;                ///< open device connections, all listeners together
    std::uint64_t handshakes = 2'000;                  ///< at a time; more wait to be accepted
    std::uint64_t handshakes_per_address = 0;          ///< in a minute; 0 = no limit
    std::uint64_t handshake_failures_per_address = 0;  ///< the same, of those that look like abuse
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds head{10'000};           ///< from a head's first byte to its last
    std::chrono::milliseconds idle{75'000};           ///< between requests on a kept-alive connection
    std::chrono::milliseconds body_progress{30'000};  ///< the longest a body may stand still, either way
    std::chrono::milliseconds store_connect{5'000};
    std::chrono::milliseconds store_answer{60'000};
    std::chrono::milliseconds drain{30'000};
    std::uint64_t head_bytes = 16 * 1024;
    std::uint64_t body_bytes = 5ULL << 30U;  ///< the S3 limit for one PUT
    std::uint64_t tls_sessions = 20'000;     ///< kept for resumption, for each listener
    std::chrono::milliseconds tls_session_lifetime{3'600'000};
    std::uint64_t crl_bytes = 1ULL << 30U;
    DeviceLimits device = {};                      ///< of each device
    std::uint64_t known_devices = 100'000;         ///< in the inventory
    std::uint64_t idle_store_connections = 64;     ///< kept for each worker thread and address of the store
    std::chrono::milliseconds idle_store{60'000};  ///< how long they are kept unused
};

struct LogSettings {                // restart-only
    std::string access = "stdout";  ///< "stdout", "stderr", "off" or a file
    std::string events = "stderr";  ///< "stdout", "stderr" or a file
    std::string audit = "off";      ///< "off" or a file
    std::string level = "info";
    std::map<std::string, std::string> places = {};  ///< of each in the configuration, by name

    bool same_as(const LogSettings& other) const {
        return access == other.access && events == other.events && audit == other.audit &&
               level == other.level;
    }
};

/// The configuration as typed values, complete and within bounds. Paths are absolute or relative to the
/// folder that the program runs in.
struct Settings {
    std::filesystem::path file;
    unsigned workers = 1;  // restart-only
    std::vector<ListenerSettings> listeners;
    ClientAuthoritySettings devices;
    ClientAuthoritySettings operators;
    pki::RevocationRequirement revocation_requirement = pki::RevocationRequirement::chain;
    std::vector<std::filesystem::path> crl_sources;
    pki::CrlLadder ladder{75, std::chrono::hours(24)};
    std::chrono::seconds longest_lifetime{std::chrono::hours(24 * 1100)};  ///< of a device certificate
    bool finish_uploads = false;  ///< an upload that has begun may end although its device was revoked
    std::filesystem::path state;  ///< folder of what must survive a restart; empty = nothing does
    Policy policy;
    AccessKeySettings access_keys;
    StoreSettings store;
    Limits limits;
    AdminSettings admin;
    LogSettings log;
};

/// What is wrong with a configuration: one line each, "file:line:column: what".
struct ConfigurationFaults {
    std::vector<std::string> lines;
};

/// Reads and checks the configuration file. Certificates, keys and CRLs that it names are read later
/// (`build_snapshot`).
boost::system::result<Settings, ConfigurationFaults> load_settings(const std::filesystem::path& file);
[[noreturn]] void throw_exception_from_error(const ConfigurationFaults& faults,
                                             const boost::source_location&);

}  // namespace sallyport::gateway
