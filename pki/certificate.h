#pragma once

#include "pki/der.h"
#include "pki/openssl.h"
#include "pki/result.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// The certificates of a PEM file, in its order. At least one; blocks of other kinds, and a block that is cut
/// off, are errors. `origin` names the file in errors.
Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem, std::string_view origin);

/// One unencrypted private key in PEM. `origin` names the file in errors; the key never is.
Result<KeyPtr> parse_private_key(std::string_view pem, std::string_view origin);

/// The names by which a certificate can identify its subject, decoded to UTF-8.
struct CertificateNames {
    std::vector<std::string> common_names;  ///< each CN of the subject, in order
    std::vector<std::string> san_uris;      ///< each uniformResourceIdentifier
    bool undecodable = false;               ///< a CN or URI has no faithful UTF-8 form, or holds a NUL
};
CertificateNames certificate_names(const X509& certificate);

/// The same of a subject and its alternatives, of which there may be none (null).
CertificateNames read_names(const X509_NAME& subject, const GENERAL_NAMES* alternatives);

/// The DNS names of the subject's alternatives in lower case, wildcards included.
std::vector<std::string> certificate_dns_names(const X509& certificate);

/// The names a server certificate is for: its DNS names in lower case, wildcards left out, and its IP
/// addresses as text (IPv6 in brackets, as in a Host field). Source: RFC 6125 6.4, RFC 9110 4.3.4.
std::vector<std::string> server_names(const X509& certificate);

/// The serial number in minimal INTEGER octets, as CRLs list it.
std::string serial_octets(const X509& certificate);

/// notBefore and notAfter. Nothing when OpenSSL cannot read them as dates.
struct Validity {
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
};
Result<Validity> validity(const X509& certificate);

/// A name as RFC 2253 text in UTF-8, for people; control characters are escaped.
std::string name_text(const X509_NAME& name);

/// Upper-case hexadecimal.
std::string hex(Bytes bytes);
std::string hex(std::string_view bytes);

/// A non-negative INTEGER's octets in decimal.
std::string decimal(Bytes octets);

}  // namespace sallyport::pki
