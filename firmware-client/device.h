#pragma once

#include "firmware-client/card.h"
#include "firmware-client/device_status.h"
#include "firmware-client/last_good.h"
#include "firmware-client/result.h"
#include "firmware-client/settings.h"
#include "firmware-client/tls_client.h"
#include "pki/openssl.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace sallyport::device {

/// Low: plain HTTP. Medium: TLS. High: TLS with a device certificate.
enum class SecurityLevel { low, medium, high };

/// All that a device is, read from its card at power-on.
struct Device {
    Card card;
    std::string id;
    std::string configuration;  ///< the raw bytes: its CRC-32 is over them
    DeviceSettings settings;
    std::vector<pki::CertificatePtr> trusted;
    std::optional<ClientIdentity> identity;
    pki::KeyPtr key;                ///< the device key (secp256r1); null when the card has none yet
    boost::json::object last_file;  ///< device.json as it was found; empty when there was none of use
    std::string firmware_version;   ///< MM.mm.pp
    std::string hardware_version;
    DeviceStatus status;  ///< as device.json had it, and as the work goes on

    SecurityLevel level() const;
};

/// Reads and checks the card. `id` overrides the one in the certificate and in device.json; empty: none.
/// `files` reads what has a copy of its last good state. Errors: configuration, also for https without
/// anything to trust; card.
Result<Device> load_device(Card card, LastGood& files, std::string_view id);

/// The card of a folder, with the version of the firmware that runs on it.
Result<Card> find_card(const std::filesystem::path& folder);

/// At the first power-on the device makes its key. One that cannot be used is left to a person.
Result<void> ensure_device_key(Device& device);

/// Why the device could not work with another configuration, called `name`; empty: it could.
std::string fault_of_configuration(std::string_view configuration, std::string_view name,
                                   const Device& device);

/// What a refusal of this device's certificate means by the certificate's own dates: TLS has no alert for one
/// that is not valid yet, and many servers have one word for everything. Other errors stay as they are.
Error with_certificate_dates(Error error, const Device& device, std::chrono::sys_seconds now);

/// Makes device.json anew and replaces it on the card in one step. What only the last file knows (hardware,
/// card and module data) is carried over. Without a device key it has no kpub. Returns its bytes.
Result<std::string> write_device_file(const Device& device);

/// Copies device.json, when device or versions are others than in the last copy: a card whose device.json is
/// damaged still says by it who the device is. Errors: card.
Result<void> keep_device_file(const Device& device, std::string_view text);

/// CRC-32 (the one of zlib and PNG) of bytes as 8 upper-case hexadecimal digits.
std::string crc32_text(std::string_view bytes);

}  // namespace sallyport::device
