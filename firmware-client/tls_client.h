#pragma once

#include "firmware-client/clock.h"
#include "firmware-client/result.h"
#include "pki/openssl.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::device {

/// The device's cipher-suite groups; each holds the suites of the one before. All are TLS 1.2 with RSA
/// certificates and AES-128: 1 = CBC with SHA-1 MACs, 2 = and SHA-256 MACs, 3 = and GCM.
enum class CipherGroup { first, second, third };

/// The device's half of mutual TLS; the views and keys are copied or referenced, not taken.
struct ClientIdentity {
    pki::CertificatePtr certificate;
    std::vector<pki::CertificatePtr> chain;  ///< above the certificate, in order
    pki::KeyPtr key;
};

enum class TlsVersions {
    device,  ///< TLS 1.2 only, curve P-256, as the real devices do
    modern,  ///< also TLS 1.3, X25519 and AES-256; no cipher groups, since all stronger suites are offered
};

/// The client side of TLS towards one server. Trust is the given certificates and nothing else; each may be a
/// root, an intermediate or the server's own certificate. The server's name must match its CN or a SAN,
/// nothing expired is trusted, and the server shows an RSA certificate. Verification cannot be switched off.
/// A session is resumed for an hour: then the server's certificate is looked at anew.
class TlsClient {
  public:
    /// `host` is a name (then it is sent as SNI) or an IPv4 address. `identity` may be null: no mutual TLS.
    /// `clock` is the time by which the server's certificates are judged.
    /// Errors: configuration, when a certificate or key cannot be used.
    static Result<std::unique_ptr<TlsClient>> create(std::string host,
                                                     std::span<const pki::CertificatePtr> trusted,
                                                     const ClientIdentity* identity, TlsVersions versions,
                                                     WallClock clock = system_time);
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    /// A connection in connect state that offers the newest session, if there is one. This object must
    /// outlive it. Errors: card, when memory is out.
    Result<pki::SslPtr> new_connection(CipherGroup group);

    /// Whether `new_connection` looks at the group at all.
    bool has_cipher_groups() const { return versions_ == TlsVersions::device; }

    /// After a failed handshake: the next connection makes a full one.
    void forget_session() { session_.reset(); }

  private:
    TlsClient() = default;
    static int verify(X509_STORE_CTX* context, void* self);
    static int keep_session(SSL* connection, SSL_SESSION* session);
    Result<void> configure(std::span<const pki::CertificatePtr> trusted);
    Result<void> use_identity(const ClientIdentity& identity);

    std::string host_;
    bool host_is_address_ = false;
    TlsVersions versions_ = TlsVersions::device;
    WallClock clock_;
    std::chrono::sys_seconds verified_at_{};
    pki::SslCtxPtr context_;
    std::unique_ptr<SSL_SESSION, pki::Releaser<&SSL_SESSION_free>> session_;
};

}  // namespace sallyport::device
