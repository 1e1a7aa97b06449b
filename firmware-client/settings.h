#pragma once

#include "firmware-client/result.h"
#include "pki/openssl.h"
#include "s3/address.h"
#include "s3/credentials.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::device {

/// `connect.s3.sync`; zero switches a period off.
struct SyncPeriods {
    std::chrono::seconds ota;        ///< how often the configuration is looked for
    std::chrono::seconds heartbeat;  ///< how often device.json is pushed
    bool logfiles;                   ///< whether closed log files are pushed
};

/// `connect.s3.server`.
struct ServerSettings {
    bool tls;          ///< https://
    std::string host;  ///< as the endpoint has it, without the port
    std::uint16_t port;
    std::string bucket;
    std::string region;  ///< never empty: an empty one stands for us-east-1
    s3::RequestStyle style;
    s3::AccessKey access_key;
    s3::SecretKey secret_key;
    bool signed_payload;

    /// Where to connect to; with TLS also the name in SNI and certificate.
    std::string connect_host() const;
    /// The Host header: the bucket in front when virtual-hosted, the port when it is not the scheme's own.
    std::string host_header() const;
};

/// Which model the configuration belongs to, by the members only that model has.
struct Model {
    bool cellular;
    bool gnss;
};

/// What the device takes from its configuration.
struct DeviceSettings {
    SyncPeriods sync;
    ServerSettings server;
    Model model;
    std::string meta;                     ///< general.device.meta; may be empty
    std::string ssid;                     ///< the first access point of the list; empty when there is none
    bool clock_from_network = false;      ///< rtc.sync 2: the server's time may set the clock
    std::string ntp_server = {};          ///< rtc.ntp_server, only with rtc.sync 2; may be empty
    std::chrono::hours restart_after{0};  ///< general.debug.restart_timer; zero: never
};

/// Reads a configuration in the form of firmware 01.09. Strict about `connect.s3`: unknown members, wrong
/// types and values outside the schema's limits are errors; the members for logging and CAN are not looked
/// at. `device_key` decrypts an encrypted secret key; it may be null. `origin` names the file. Errors:
/// configuration, among them a configuration that has no S3 server.
Result<DeviceSettings> read_settings(std::string_view json, std::string_view origin,
                                     const EVP_PKEY* device_key);

}  // namespace sallyport::device
