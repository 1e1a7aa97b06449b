#pragma once

#include "pki/chain_verifier.h"
#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/server_identity.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// What a server asks of its clients.
enum class ClientCertificate {
    unused,  ///< nothing: they stay unknown
    wanted,  ///< a certificate; the judge hears of one that is shown, and nobody is sent away for having none
    required,  ///< nobody gets in without
};

/// Decides about the peer of one connection. OpenSSL calls it during handshakes, on the thread that drives
/// the connection. It must outlive the SSL object.
class PeerJudge {
  public:
    virtual ~PeerJudge() = default;

    /// Full handshake: the peer's certificate, its chain and the server's trust are in `context`. A refusal
    /// ends the handshake with the alert that fits. On success the returned bytes are kept with the session.
    virtual ChainResult<std::string> judge(X509_STORE_CTX& context) = 0;

    /// The server name of the hello (SNI), in the peer's spelling; empty without one. Known from `serves` on.
    virtual std::string_view server_name() const = 0;

    /// A peer's hello is read, and nothing is answered yet. `false` when another server is for this name:
    /// then the handshake stops here (`SSL_ERROR_WANT_CLIENT_HELLO_CB`).
    virtual bool serves(std::string_view server_name) = 0;

    /// A peer wants to resume a session that carries these bytes. `false` makes it a full handshake.
    virtual bool may_resume(std::string_view remembered) = 0;
};

/// The suites of a listener.
enum class TlsProfile {
    canedge,                 ///< the nine of the devices (TLS 1.2), strongest first; TLS 1.3
    canedge_forward_secret,  ///< the same without static RSA
    modern,                  ///< ECDHE with AES-GCM (TLS 1.2); TLS 1.3
};

struct TlsServerSettings {
    TlsProfile profile = TlsProfile::canedge;
    ClientCertificate client_certificate = ClientCertificate::required;
    /// At least one. Clients get the one that fits the server name they ask for best, else the first.
    std::vector<ServerIdentity> identities;
    std::shared_ptr<const TrustAnchors> trust;  ///< null when no certificate is asked for
    std::string session_scope;                  ///< sessions made under another scope are not resumed
    std::size_t session_cache_entries;          ///< the oldest are forgotten beyond this; 0 = no resumption
    std::chrono::seconds session_lifetime;
    bool tickets = false;  ///< clients may keep their sessions themselves, sealed by keys of this process
};

class SessionCache;
class TicketKeys;

/// The server side of TLS for one listener: TLS 1.2 and 1.3, the server's order of suites, no renegotiation,
/// no compression, no early data. Sessions are kept in process, in tickets only if so asked; each resumption
/// passes `may_resume`. Thread-safe.
class TlsServer {
  public:
    /// Errors: what OpenSSL does not take.
    static Result<std::shared_ptr<const TlsServer>> create(TlsServerSettings settings);
    ~TlsServer();

    /// A connection in accept state; null when memory is out. `judge` and this must outlive it.
    SslPtr new_connection(PeerJudge& judge) const;

  private:
    TlsServer() = default;
    Result<void> configure(TlsServerSettings& settings);
    Result<void> set_suites(TlsProfile profile);
    static int read_hello(SSL* connection, int* alert, void* server);
    static int choose_identity(SSL* connection, void* server);
    void ask_for_certificate(const TrustAnchors& trust, ClientCertificate asked);
    void keep_sessions(const TlsServerSettings& settings);
    void keep_sessions_in_tickets(const TlsServerSettings& settings);

    SslCtxPtr context_;
    std::unique_ptr<SessionCache> sessions_;
    std::unique_ptr<TicketKeys> ticket_keys_;  ///< null without tickets
    std::shared_ptr<const TrustAnchors> trust_;
    std::vector<ServerIdentity> identities_;
    bool serves_old_hellos_ = false;
};

/// The size of the peer's key; 0 when it showed no certificate.
unsigned peer_key_bits(const SSL& connection);

/// The digest with which we signed the key exchange, such as "SHA256"; empty where nothing was signed (static
/// RSA, a resumed session).
std::string_view signature_digest(const SSL& connection);

/// The bytes that `judge` returned when this session was made; empty when there are none.
std::string_view remembered(const SSL& connection);

}  // namespace sallyport::pki
