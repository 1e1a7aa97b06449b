#pragma once

#include "pki/openssl.h"
#include "pki/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A device takes at most this many certificates from one bundle.
inline constexpr std::size_t max_bundle_certificates = 10;
inline constexpr std::size_t max_bundle_bytes = std::size_t{256} * 1024;

/// The encoding of a bundle (RFC 7468 or X.690 DER).
enum class BundleForm { pem, der };

/// Reads the file in which a device finds certificates (`certs_server.p7b`, `certs_device.p7b`):
///   - empty: no certificate, which tells a device to forget those it has;
///   - one certificate, PEM or DER, with nothing around it;
///   - a degenerate PKCS#7 SignedData (RFC 2315 9.1: certificates only), PEM or DER, with 1 to 10
///   certificates.
/// White space may surround a PEM block. The certificates keep the order of the file. Everything else is
/// refused, in particular bytes before or after the one structure, several PEM blocks, BER that is not DER,
/// signatures and CRLs inside the SignedData.
Result<std::vector<CertificatePtr>> read_certificate_bundle(std::string_view bytes);

/// Writes that file: nothing for no certificate, the certificate itself for one, SignedData for 2 to 10.
/// Keeps the order. Errors: too many certificates, or more than `max_bundle_bytes`.
Result<std::string> write_certificate_bundle(std::span<X509* const> certificates, BundleForm form);

}  // namespace sallyport::pki
