#pragma once

#include "gateway/rules/reason.h"
#include "pki/certificate.h"

#include <regex>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// How a device's certificate names it (configuration `devices.identity`).
struct IdentityRule {
    std::string san_uri_prefix =
        "urn:canedge:device:";            ///< what stands before the id; empty = SAN is not read
    bool common_name = true;              ///< the subject's CN may name the device too
    std::string pattern = "[0-9A-F]{8}";  ///< the whole id, ECMAScript syntax
};

/// Decides which device a certificate belongs to. Immutable; thread-safe.
class Identification {
  public:
    /// Throws std::regex_error for a bad pattern.
    explicit Identification(IdentityRule rule);

    /// The device's id: the one SAN URI with the prefix or the one common name; where both are there they
    /// must agree. Everything doubtful is refused: two names, undecodable text, an id outside the pattern or
    /// with characters that could mean something in a path.
    pki::ChainResult<std::string> identify(const pki::CertificateNames& names) const;

    /// Could this be the id of a device?
    bool is_id(std::string_view text) const;

  private:
    IdentityRule rule_;
    std::regex pattern_;
};

}  // namespace sallyport::gateway
