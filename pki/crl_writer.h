#pragma once

#include "pki/crl.h"
#include "pki/issue.h"
#include "pki/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// Minimal INTEGER octets, 1 to 64: also zero, negative and long ones. New certificates have none of these
/// (RFC 5280 4.1.2.2), those of an authority that was taken over may, and are revoked all the same.
bool is_listable_serial(std::string_view octets) noexcept;

/// An entry of a CRL. In a delta CRL the reason may be `remove_from_crl` (RFC 5280 5.3.1).
struct RevokedCertificate {
    std::string_view serial;  ///< see is_listable_serial()
    std::chrono::sys_seconds revoked_at;
    CrlReason reason;  ///< `unspecified` and `none` write no reasonCode (RFC 5280 5.3.1)
    /// Since when the key is thought to be lost (RFC 5280 5.3.2).
    std::optional<std::chrono::sys_seconds> invalid_since = std::nullopt;
};

struct CrlProfile {
    std::uint64_t number;
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    /// Of a delta CRL: the number of the complete CRL that it is added to (RFC 5280 5.2.4).
    std::optional<std::uint64_t> base_number = std::nullopt;
    /// Of a partition: the one URL of the distribution point for which it speaks (RFC 5280 5.2.5).
    std::string point_url = {};
    /// Of a complete CRL: the URL where its delta CRL is found (RFC 5280 5.2.6).
    std::string delta_url = {};
};

/// Makes one version 2 CRL (RFC 5280 5) for a list of any length: about 40 bytes of memory for each entry
/// while they are added, twice that while it is signed.
class CrlWriter {
  public:
    /// Entries stand in the CRL in the order in which they are added. Error: a serial that is
    /// no INTEGER.
    Result<void> add(const RevokedCertificate& entry);

    std::size_t size() const noexcept { return size_; }

    /// The CRL in DER, signed with SHA-256, with AKI and CRL number. The entries are used up. Errors: the key
    /// is not that of the certificate, or is neither RSA nor P-256; the dates are in the wrong order; the
    /// signer has no subject key identifier; the token or library refuses to sign.
    Result<std::string> sign(const CrlProfile& profile, const Signer& signer) &&;

  private:
    std::string entries_;
    std::size_t size_ = 0;
};

/// The PEM form of a CRL (RFC 7468 6).
std::string write_crl_pem(std::string_view der);

}  // namespace sallyport::pki
