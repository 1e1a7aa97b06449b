#pragma once

#include "firmware-client/connector.h"
#include "firmware-client/latencies.h"
#include "firmware-client/settings.h"
#include "firmware-client/store_client.h"
#include "firmware-client/tls_client.h"
#include "pki/openssl.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::device {

/// Which devices are simulated, and how.
struct SimulationOptions {
    /// Holds a folder for each device: a card, or what `sallyport-pki issue device` made. A depot will do.
    std::filesystem::path fleet;
    unsigned devices = 0;
    std::filesystem::path configuration;  ///< of all devices; empty: each has one in its folder
    std::filesystem::path trust;          ///< certs_server.p7b of all devices; empty: each has one
    std::string gateway;              ///< the one host besides loopback that may be spoken to; empty: none
    std::chrono::seconds time{60};    ///< how long the simulation takes
    std::chrono::seconds period{60};  ///< between two visits of a device, +-20 %
    unsigned at_once = 32;            ///< visits at the same time, at most
    std::uint64_t upload_bytes = 0;   ///< of the log file that each visit puts; zero: nothing is written
    bool modern = false;
    std::optional<CipherGroup> cipher_group;
};

/// What one visit of a device at its server took and brought.
struct Visit {
    std::vector<std::chrono::microseconds> connects;  ///< all cipher groups of one attempt are one
    std::vector<std::chrono::microseconds> heads;
    std::vector<std::chrono::microseconds> puts;
    std::uint64_t bytes = 0;  ///< of the bodies that the store confirmed
    std::optional<Error> error;
};

/// A device without a card: it keeps nothing but its TLS session and its cipher group. One thread at a time.
class SimulatedDevice {
  public:
    /// `tls` is null for plain HTTP. `options` must outlive this.
    SimulatedDevice(std::string id, ServerSettings settings, std::unique_ptr<TlsClient> tls,
                    const SimulationOptions& options, StopDescriptor stop);
    SimulatedDevice(const SimulatedDevice&) = delete;
    SimulatedDevice& operator=(const SimulatedDevice&) = delete;

    /// What a device does each time: it connects, looks for firmware and certificates, and puts a log file,
    /// if the options say so. Log files of simulations belong to session 99999999.
    Visit visit();

    const std::string& id() const { return id_; }
    const ServerSettings& settings() const { return settings_; }

  private:
    /// Measures what another one does.
    class TimedConnector final : public Connector {
      public:
        explicit TimedConnector(Connector& inner) : inner_(inner) {}
        Result<std::unique_ptr<ByteStream>> connect() override;
        Visit* visit = nullptr;

      private:
        Connector& inner_;
    };
    Result<void> look(Visit& visit);
    Result<void> put_log(Visit& visit);

    std::string id_;
    ServerSettings settings_;
    std::unique_ptr<TlsClient> tls_;
    const SimulationOptions& options_;
    ServerConnector server_;
    TimedConnector connector_{server_};
    StoreClient store_;
    unsigned split_ = 0;
};

/// Reads the first `options.devices` folders in the order of their names. All devices have the same server,
/// on loopback or the gateway that the options name. Errors: configuration, also when there are fewer
/// folders.
Result<std::vector<std::unique_ptr<SimulatedDevice>>> load_fleet(const SimulationOptions& options,
                                                                 StopDescriptor stop);

/// Whether a simulation may speak to `host`.
bool may_simulate_against(const std::string& host, const std::string& gateway);

}  // namespace sallyport::device
