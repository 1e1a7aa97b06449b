#pragma once

#include "firmware-client/card.h"
#include "firmware-client/last_good.h"
#include "firmware-client/result.h"
#include "firmware-client/tls_client.h"
#include "pki/openssl.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::device {

inline constexpr std::string_view trust_file = "certs_server.p7b";
inline constexpr std::string_view identity_file = "certs_device.p7b";
inline constexpr std::string_view identity_key_file = "certs_device.key";
inline constexpr std::size_t max_key_bytes = 64 * 1024;

/// The certificates of `certs_server.p7b`: all that the device trusts. An empty file holds none. A device
/// remembers what it has loaded, so a missing file is as the last good one. Errors: configuration, when it is
/// in no form that a device reads.
Result<std::vector<pki::CertificatePtr>> read_trust(const Card& card, LastGood& files);

/// The same of bytes in hand: an empty text (no certificate: all are forgotten), one certificate, PEM or DER,
/// or PKCS#7 with 1 to 10 (see pki/pkcs7.h). No two with the same subject or the same issuer, RSA keys only.
/// `origin` names the file. Errors: configuration.
Result<std::vector<pki::CertificatePtr>> parse_trust(std::string_view bytes, std::string_view origin);

/// `certs_device.p7b` and `certs_device.key` (read_identity_key()); nothing when the card has neither. The
/// certificate is the one that fits the key, wherever it stands; the others become its chain, ordered,
/// without a root. Errors: configuration.
Result<std::optional<ClientIdentity>> read_identity(const Card& card, LastGood& files);

/// The identity that a bundle and a key make. Errors: configuration, when nothing in it fits the key.
Result<ClientIdentity> identity_from(std::string_view bundle, std::string_view origin, EVP_PKEY& key);

/// `urn:canedge:device:<ID>`.
std::string device_id_uri(std::string_view id);

/// The ID in a device certificate: the SAN URI `urn:canedge:device:<ID>`, else the CN; when it has both they
/// must agree. Errors: configuration, when it has none.
Result<std::string> device_id_of(const X509& certificate);

}  // namespace sallyport::device
