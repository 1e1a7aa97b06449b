#pragma once

#include "firmware-client/clock.h"
#include "firmware-client/connector.h"
#include "firmware-client/device.h"
#include "firmware-client/device_sync.h"
#include "firmware-client/firmware_update.h"
#include "firmware-client/identity_renewal.h"
#include "firmware-client/log_uploads.h"
#include "firmware-client/report.h"
#include "firmware-client/run_loop.h"
#include "firmware-client/store_client.h"
#include "firmware-client/trust_update.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::device {

/// How a device is started.
struct DeviceOptions {
    std::filesystem::path card;
    std::string id;       ///< empty: as the card says
    bool modern = false;  ///< also TLS 1.3
    /// None: the first, and the next after a failed handshake.
    std::optional<CipherGroup> cipher_group;
    /// Puts a firmware image in force (see `program_hook`); empty: firmware is not looked for.
    std::filesystem::path firmware_hook;
    bool enrol = false;  ///< ask for a certificate when there is none
};

/// A device at work, from power-on to power-off: what is on its card, the way to its server, and its tasks.
class PoweredDevice final : public TaskRunner {
  public:
    /// Locks and reads the card, ends what a power loss cut off, puts a new firmware in force, makes what is
    /// missing (key, device.json). `clock` and `report` must outlive
    /// the device. Errors: configuration, card.
    static Result<std::unique_ptr<PoweredDevice>> power_on(const DeviceOptions& options, StopDescriptor stop,
                                                           DeviceClock& clock, Report& report);
    PoweredDevice(const PoweredDevice&) = delete;
    PoweredDevice& operator=(const PoweredDevice&) = delete;

    /// One task. When this device's clock is wrong and the configuration lets the network set it, then it is
    /// set by the server's answer, or by NTP when there is none, and the task tried once more.
    Result<Next> perform(Task task) override;

    /// Keeps the status and writes device.json when it changed. True: worth a line in the log.
    bool failed(Task task, const Error& error, std::chrono::milliseconds wait);
    bool succeeded(Task task);

    /// Ends the connection until the next request.
    void close_connection() { store_.close(); }

    const DeviceSettings& settings() const { return device_.settings; }

  private:
    PoweredDevice(Device device, Descriptor card_lock, std::unique_ptr<TlsClient> tls,
                  const DeviceOptions& options, StopDescriptor stop, DeviceClock& clock, Report& report);
    Result<Next> attempt(Task task);
    std::optional<std::chrono::sys_seconds> network_time(const Error& error) const;
    Result<void> try_connection(std::span<const pki::CertificatePtr> trusted, const ClientIdentity* identity);
    void save_status();
    bool save(StatusKeeper::Change change);

    Device device_;
    Descriptor card_lock_;
    DeviceClock& clock_;
    Report& report_;
    DeviceOptions options_;
    StopDescriptor stop_;
    std::unique_ptr<TlsClient> tls_;
    ServerConnector connector_;
    StoreClient store_;
    ObjectWatch watch_;
    DevicePuts puts_;
    DeviceSync sync_;
    FirmwareUpdate firmware_;
    TrustUpdate trust_;
    IdentityRenewal identity_;
    LogUploads logs_;
    StatusKeeper status_;
    std::map<std::string, Judgement> saved_judgements_;
};

}  // namespace sallyport::device
