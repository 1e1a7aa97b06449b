#pragma once

#include "pki/der.h"
#include "pki/openssl.h"
#include "pki/result.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// What became of a CRL that was offered: the words of the log and of `crl_loads_total{result}`.
enum class CrlLoad {
    loaded,
    unchanged,
    bad_signature,
    rollback,
    shrink,
    scope,
    too_large,
    parse_error,
    fetch_error
};
inline constexpr CrlLoad crl_load_results[] = {
    CrlLoad::loaded, CrlLoad::unchanged, CrlLoad::bad_signature, CrlLoad::rollback,   CrlLoad::shrink,
    CrlLoad::scope,  CrlLoad::too_large, CrlLoad::parse_error,   CrlLoad::fetch_error};
std::string_view to_string(CrlLoad result) noexcept;

/// Why a CRL was not taken.
struct CrlError {
    CrlLoad result;
    std::string message;
    std::string issuer = {};  ///< RFC 2253; empty when the CRL names nobody whom we know
};

template <class T>
using CrlResult = boost::system::result<T, CrlError>;
[[noreturn]] void throw_exception_from_error(const CrlError& error, const boost::source_location&);

/// RFC 5280 5.3.1. `none` where the entry states no reason.
enum class CrlReason : std::uint8_t {
    unspecified = 0,
    key_compromise = 1,
    ca_compromise = 2,
    affiliation_changed = 3,
    superseded = 4,
    cessation_of_operation = 5,
    certificate_hold = 6,
    remove_from_crl = 8,
    privilege_withdrawn = 9,
    aa_compromise = 10,
    none = 255,
};
std::string_view to_string(CrlReason reason) noexcept;

/// The certificates of one issuer that a CRL can speak about (RFC 5280 5.2.5).
enum class CrlScope : std::uint8_t { all, users_only, authorities_only };

/// A digest of one name of a distribution point: what a partitioned CRL and its certificates have in common
/// (RFC 5280 6.3.3 b 2). Names are compared as their DER, so two encodings of one directory name differ; such
/// a certificate is then refused, not let in.
using PointId = std::array<std::uint8_t, 16>;

/// A CertificateList (RFC 5280 5.1) as a view: all spans point into the bytes that were parsed.
struct CrlView {
    Bytes issuer;     ///< the Name, DER
    Bytes tbs;        ///< the signed bytes, with their header
    Bytes algorithm;  ///< AlgorithmIdentifier, DER
    Bytes signature;  ///< without the count of unused bits
    Bytes revoked;    ///< content of revokedCertificates; empty when nobody is revoked
    std::chrono::sys_seconds this_update;
    std::chrono::sys_seconds next_update;
    Bytes number;            ///< CRL number, minimal INTEGER octets; empty when absent
    Bytes authority_key_id;  ///< keyIdentifier of the AKI; empty when absent
    CrlScope scope = CrlScope::all;
    Bytes point_names;  ///< GeneralNames of its distribution point; empty for a CRL that is not partitioned
    bool delta = false;
    Bytes base_number;  ///< of a delta CRL: the least complete CRL that it can be applied to
};

struct CrlEntry {
    Bytes serial;  ///< minimal INTEGER octets
    CrlReason reason;
    std::chrono::sys_seconds revoked_at;
    /// Since when the key is thought to be lost (RFC 5280 5.3.2); nothing where the entry does not say.
    std::optional<std::chrono::sys_seconds> invalid_since = std::nullopt;
};

/// Reads the frame of a DER CRL in one pass and does not look into its entries. Refused: version 1,
/// no nextUpdate, an unknown critical extension, trailing bytes, and with `scope` what we do not apply:
/// indirect CRLs, CRLs for some reasons or for attribute certificates only, and distribution points that are
/// named relative to their issuer.
CrlResult<CrlView> parse_crl(Bytes der);

/// Walks the entries of `view`. Holds no memory of its own.
class CrlEntries {
  public:
    explicit CrlEntries(const CrlView& view) noexcept : reader_(view.revoked) {}

    /// Puts the next one into `entry`; false at the end; an error for a malformed entry, an unknown critical
    /// entry extension or, with `scope`, a certificate issuer of an indirect CRL (RFC 5280 5.3.3).
    CrlResult<bool> next(CrlEntry& entry);

  private:
    DerReader reader_;
};

/// Was `view` signed by the key of `issuer`, and may that key sign CRLs? Checks the name, the key
/// identifier where both sides state one, key usage cRLSign, and the signature. SHA-1, MD5 and anything
/// weaker are refused. Thread-safe.
CrlResult<void> verify_crl(const CrlView& view, const X509& issuer);

/// Converts UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 profiles them; nothing for any other form.
std::optional<std::chrono::sys_seconds> parse_time(const DerElement& element) noexcept;

}  // namespace sallyport::pki
