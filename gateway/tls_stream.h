#pragma once

#include "gateway/client_stream.h"
#include "pki/socket_bio.h"
#include "pki/tls_server.h"

#include <memory>
#include <string>

namespace sallyport::gateway {

/// Why a handshake failed, when it is not the peer judge's doing.
struct HandshakeFailure {
    enum class Kind {
        none,
        no_certificate,
        no_shared_cipher,
        protocol,
        timeout,
        peer_closed,
        stopped,
        other_server  ///< the judge says that another one is for this client: `restart`
    } kind = Kind::none;
    std::string detail;
};

/// The server side of a TLS connection, driven directly on its socket: records are read into the caller's
/// buffer without a copy of our own, and written together in one send. Awaits nothing while OpenSSL has
/// data. Not thread-safe.
class TlsStream final : public ClientStream {
  public:
    /// `judge` must outlive the stream.
    TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<const pki::TlsServer> server,
              pki::PeerJudge& judge);

    /// Before the handshake: its judge may say `other_server`.
    void may_restart() { pki::keep_hello(*ssl_); }
    /// Begins again with the hello that was read, for another server. False when memory is out.
    bool restart(std::shared_ptr<const pki::TlsServer> server, pki::PeerJudge& judge);

    Connection& connection() override { return connection_; }
    const SSL& ssl() const { return *ssl_; }
    /// Has the peer said anything yet?
    bool has_received() const { return pki::has_received(*ssl_); }
    /// False when memory was out; then nothing else may be called.
    bool valid() const { return ssl_ != nullptr; }

    /// Sends the alert that tells the peer why, too. `kind` is `none` on success.
    boost::asio::awaitable<HandshakeFailure> handshake();

    boost::asio::awaitable<IoResult> read_some(std::span<char> into) override;
    boost::asio::awaitable<IoStatus> write(std::span<const char> from) override;
    boost::asio::awaitable<void> close(std::chrono::milliseconds patience) override;
    bool has_pending() const override;
    void release_memory() override;

  private:
    boost::asio::awaitable<IoStatus> flush();
    HandshakeFailure failure_of(int result, IoStatus waited);

    Connection connection_;
    std::shared_ptr<const pki::TlsServer> server_;
    std::string outgoing_;  // gathered by the BIO of ssl_, which therefore goes first
    pki::SslPtr ssl_;
};

}  // namespace sallyport::gateway
