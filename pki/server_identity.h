#pragma once

#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/server_name.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A certificate that a server shows, with its chain and its key. Immutable; thread-safe.
class ServerIdentity {
  public:
    /// `chain`: the server's certificate first, without the root. Errors: a key that does not fit, a
    /// certificate that was not issued by the one behind it. `origin` names the files in errors.
    static Result<ServerIdentity> create(std::vector<CertificatePtr> chain, KeyPtr key, std::string origin);

    const X509& certificate() const noexcept { return *chain_.front(); }

    /// How well it suits a server name that a client asked for (RFC 6066 3, RFC 6125 6.4.3).
    NameFit fit(std::string_view server_name) const;

    /// What an operator should know though it works: SHA-384 in the chain, which old WiFi modules lack.
    std::vector<std::string> warnings() const;

    /// Shows this identity in a handshake, or in all of a context.
    bool use_in(SSL& connection) const;
    bool use_in(SSL_CTX& context) const;

  private:
    std::string origin_;
    std::vector<CertificatePtr> chain_;
    KeyPtr key_;
    std::vector<std::string> names_;  // lower case, wildcards included
    CertificateStackPtr issuers_;     // the chain without its first, as OpenSSL wants it
};

/// What keeps a client that trusts nothing but `anchors`, and may begin at any of them, from trusting a
/// server that sends this chain; nothing when it does.
std::optional<std::string> server_chain_problem(const std::vector<CertificatePtr>& chain,
                                                const std::vector<CertificatePtr>& anchors,
                                                std::chrono::sys_seconds now);

}  // namespace sallyport::pki
