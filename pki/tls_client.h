#pragma once

#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/server_identity.h"
#include "pki/session_cache.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// TLS sessions with one server, for the next connections to it. Thread-safe.
class ClientSessions {
  public:
    void keep(SessionPtr session);
    /// The newest that is less than an hour old; null when there is none. A session of TLS 1.3 is used once
    /// (RFC 8446 C.4), others stay.
    SessionPtr take();

  private:
    std::mutex mutex_;
    std::vector<SessionPtr> sessions_;  // the newest last
};

struct TlsClientSettings {
    /// Any of them may end a server's chain, be it a root or not. Empty: what the system trusts.
    std::vector<CertificatePtr> anchors;
    std::optional<ServerIdentity> identity = {};  ///< what servers are shown that ask for a certificate
    bool only_tls_1_3 = false;
};

/// The client side of TLS: TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3. Servers
/// are verified, always: their chain, its dates and purpose, and their name. An end without close_notify is
/// an error. Thread-safe.
class TlsClient {
  public:
    /// Errors: what OpenSSL does not take.
    static Result<std::shared_ptr<const TlsClient>> create(TlsClientSettings settings);

    /// A connection in connect state to a server that must prove to be `name`, a DNS name or an IP address
    /// (RFC 6125, RFC 5280 4.2.1.6); DNS names are asked for in the hello, too (RFC 6066 3). Null when memory
    /// is out. `sessions` must be of that server and name, made by this client, and outlive the connection.
    SslPtr new_connection(const std::string& name, ClientSessions& sessions) const;

  private:
    TlsClient() = default;
    Result<void> configure(const TlsClientSettings& settings);
    Result<void> trust(const std::vector<CertificatePtr>& anchors);

    SslCtxPtr context_;
    std::optional<ServerIdentity> identity_;
};

/// Why a handshake failed that was about the server's certificate, for people; empty when it was not.
std::string verification_problem(const SSL& connection);

}  // namespace sallyport::pki
