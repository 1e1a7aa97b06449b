#pragma once

#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/result.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::pki {

enum class CertificateKind { authority, server, device, operator_client };
std::string_view to_string(CertificateKind kind) noexcept;

struct Revocation {
    CrlReason reason;
    std::chrono::sys_seconds revoked_at;
    std::optional<std::chrono::sys_seconds> invalid_since = std::nullopt;

    bool on_hold() const noexcept { return reason == CrlReason::certificate_hold; }
};

/// One issued certificate. Its private key is never in the index.
struct CertificateRecord {
    std::string serial;  ///< minimal INTEGER octets
    std::string issuer;  ///< name of the authority
    CertificateKind kind;
    std::string name;     ///< of the authority, the server's folder, the device ID or the operator
    std::string subject;  ///< RFC 2253 text
    std::string lineage;  ///< serial of the first certificate; renewals keep it
    Validity validity;
    std::string der;
    std::string key_digest = {};  ///< of its public key, as from key_digest()
    std::optional<Revocation> revocation = std::nullopt;
    unsigned partition = 0;  ///< of its issuer's CRL
    std::string batch = {};  ///< what the operator called the delivery that it belongs to
};

/// What the index records of a certificate that begins a lineage.
Result<CertificateRecord> record_of(const X509& certificate, std::string_view issuer, CertificateKind kind,
                                    std::string_view name);

inline bool is_on_hold(const CertificateRecord& record) {
    return record.revocation && record.revocation->on_hold();
}
inline bool is_revoked(const CertificateRecord& record) {
    return record.revocation && !record.revocation->on_hold();
}

/// A revocation as an operator asks for it.
struct RevocationRequest {
    CrlReason reason = CrlReason::unspecified;
    std::optional<std::chrono::sys_seconds> invalid_since = std::nullopt;
};

enum class CertificateState { valid, not_yet_valid, expired, on_hold, revoked };
std::string_view to_string(CertificateState state) noexcept;
CertificateState state_of(const CertificateRecord& record, std::chrono::sys_seconds now) noexcept;

/// Which certificates a list or query means; what is not given does not restrict.
struct CertificateFilter {
    std::optional<CertificateKind> kind = std::nullopt;
    std::optional<CertificateState> state = std::nullopt;
    std::string name = {};
    std::string issuer = {};
    std::string batch = {};
    std::string text = {};                                                 ///< part of the name or subject
    std::optional<std::chrono::sys_seconds> issued_before = std::nullopt;  ///< by notBefore
    std::optional<std::chrono::sys_seconds> expires_before = std::nullopt;
    std::chrono::sys_seconds now = {};  ///< what `state` refers to
};

}  // namespace sallyport::pki
