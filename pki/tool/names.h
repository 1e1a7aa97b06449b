#pragma once

#include "pki/crl.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// The words of the command line and what they mean. All are strict: nothing is trimmed or guessed.

/// A device ID: 8 upper-case hexadecimal digits.
bool is_device_id(std::string_view text) noexcept;

/// A host name (RFC 1123) of at most 253 characters, in lower case; the first label may be `*`.
bool is_dns_name(std::string_view text) noexcept;

/// The octets of an IPv4 or IPv6 address in network order; nothing for anything else.
std::optional<std::string> parse_ip_address(const std::string& text);

/// The name of an operator: 1 to 64 of A-Z a-z 0-9 . _ @ -, beginning with a letter or digit, and no device
/// ID.
bool is_operator_name(std::string_view text) noexcept;

/// A name for the O and CN of authorities: 1 to 50 printable characters of ASCII or UTF-8 octets.
bool is_organization(std::string_view text) noexcept;

/// A name for the CN of an authority: the same with 1 to 64 characters.
bool is_common_name(std::string_view text) noexcept;

/// The name of an authority: 1 to 40 lower-case letters, digits and hyphens, beginning with a letter and not
/// ending like the name of a delta CRL or of a partition.
bool is_authority_name(std::string_view text) noexcept;

/// The folder URL of published CRLs: http or https, no query or fragment, at most 1000 characters.
bool is_crl_url(std::string_view text);

/// A day ("2026-11-26", its beginning in UTC) or an instant ("2026-11-26T12:00:00Z") of the years 1970 to
/// 9999 (RFC 3339, UTC only).
std::optional<std::chrono::sys_seconds> parse_instant(std::string_view text);

/// Hexadecimal, either case, optionally colons between octets, to minimal INTEGER octets. At most 20 octets.
std::optional<std::string> parse_serial(std::string_view text);

/// A reason for `revoke` by its RFC 5280 5.3.1 name. certificateHold and removeFromCRL are none: hold and
/// unhold are commands of their own.
std::optional<CrlReason> parse_revocation_reason(std::string_view text);

/// The names that parse_revocation_reason() takes, for help and errors.
std::string revocation_reasons();

}  // namespace sallyport::pki
