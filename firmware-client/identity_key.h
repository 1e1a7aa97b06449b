#pragma once

#include "firmware-client/result.h"
#include "pki/openssl.h"

#include <filesystem>

namespace sallyport::device {

/// The private key of a device's certificate. `path` (mode 0600) holds it in PEM, or else one line with the
/// pkcs11: URI of a key in a token (pki/private_key.h). The PIN comes from the URI's pin-source, else from
/// systemd's credential `certs_device.pin`: a device has no terminal. Errors: configuration, card.
Result<pki::KeyPtr> read_identity_key(const std::filesystem::path& path);

}  // namespace sallyport::device
