#pragma once

#include "pki/certificate.h"
#include "pki/openssl.h"
#include "pki/result.h"

#include <span>
#include <string>
#include <vector>

namespace sallyport::pki {

/// What a certificate is for; fixes basicConstraints, keyUsage and extKeyUsage (RFC 5280 4.2.1).
enum class CertificateRole {
    root_authority,      ///< self-signed, path length 1, signs certificates and CRLs
    device_authority,    ///< path length 0, below it clientAuth only
    server_authority,    ///< path length 0, below it serverAuth only
    operator_authority,  ///< path length 0, below it clientAuth only
    server,              ///< serverAuth; digitalSignature and, with an RSA key, keyEncipherment
    device,              ///< clientAuth; digitalSignature
    operator_client,     ///< clientAuth; digitalSignature
};

struct SubjectName {
    std::string organization;  ///< O; left out when empty
    std::string common_name;   ///< CN, 1 to 64 characters of UTF-8
};

/// One subjectAltName. The value of `ip` is 4 or 16 octets in network order; the others are ASCII text.
struct AlternativeName {
    enum class Type { dns, ip, uri } type;
    std::string value;
};

struct CertificateProfile {
    CertificateRole role;
    SubjectName subject;
    std::string serial;  ///< as from generate_serial()
    Validity validity;
    std::vector<AlternativeName> alternative_names;
    std::string crl_url;  ///< where the issuer's CRL is published; empty: no CRL distribution point
};

/// The authority that signs: its certificate and the matching private key. Neither is owned.
struct Signer {
    X509* certificate;
    EVP_PKEY* key;
};

/// A fresh serial number in minimal INTEGER octets (RFC 5280 4.1.2.2): positive, 17 octets of which 16 are
/// random, so that none comes twice. Error: no randomness.
Result<std::string> generate_serial();

/// Issues an X.509 version 3 certificate for the public half of `subject_key`, signed with SHA-256. Carries
/// subject and authority key identifiers. `signer` is null for root_authority only, which signs itself.
/// Errors: a name or address that cannot be encoded; validity that is empty or ends after the signer's.
Result<CertificatePtr> issue_certificate(const CertificateProfile& profile, EVP_PKEY& subject_key,
                                         const Signer* signer);

/// PEM of certificates, in their order.
Result<std::string> write_certificates(std::span<X509* const> certificates);

}  // namespace sallyport::pki
