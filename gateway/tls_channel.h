#pragma once

#include "gateway/connection.h"
#include "pki/openssl.h"

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

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
        other_server  ///< the judge says that another one is for this client: TlsStream::restart
    } kind = Kind::none;
    std::string detail;
};

/// Either side of a TLS connection, driven directly on its socket: records are read into the caller's buffer
/// without a copy of our own, and sent as they are made; only what OpenSSL says of itself (handshake flights,
/// alerts) is gathered. Awaits nothing while OpenSSL has data. Not thread-safe.
class TlsChannel {
  public:
    explicit TlsChannel(boost::asio::ip::tcp::socket socket) : connection_(std::move(socket)) {}

    /// Speaks by `ssl` from here on, a fresh object of the side that this is. False when memory is out (null
    /// stands for that, too); then nothing but `connection` may be called.
    bool use(pki::SslPtr ssl);

    Connection& connection() { return connection_; }
    /// Null until `use` has succeeded.
    SSL* ssl() const { return ssl_.get(); }

    /// Sends the alert that tells the peer why, too. `kind` is `none` on success.
    boost::asio::awaitable<HandshakeFailure> handshake();

    /// See ClientStream. An end of the connection that the peer has not announced is a failure, unless the
    /// SSL object says otherwise (SSL_OP_IGNORE_UNEXPECTED_EOF).
    std::optional<IoResult> try_read(std::span<char> into);
    boost::asio::awaitable<IoResult> read_some(std::span<char> into);
    std::optional<IoStatus> try_write(std::span<const char>& from, bool more);
    boost::asio::awaitable<IoStatus> write(std::span<const char> from, bool more);
    boost::asio::awaitable<void> close(std::chrono::milliseconds patience);
    /// Says that nothing follows if that is possible without waiting, and can be true: OpenSSL resumes only
    /// sessions of connections that ended so.
    void end();
    bool has_pending() const { return SSL_has_pending(ssl_.get()) == 1; }
    void release_memory();

    /// Copies what could be read next, of one record at most, and waits for nothing. Nothing when nothing has
    /// arrived.
    std::optional<IoResult> peek(std::span<char> into);
    /// Why the last read failed, for logs; empty when it did not, or when there is nothing to say.
    const std::string& problem() const { return problem_; }

  private:
    void allow_reading();
    /// Nothing when more must come first, or when what OpenSSL has to say must go out (`holds_records_`).
    std::optional<IoResult> take(std::span<char> into);
    boost::asio::awaitable<IoStatus> flush();
    HandshakeFailure failure_of(int result, IoStatus waited);

    Connection connection_;
    std::string problem_;
    bool owes_record_ = false;    // the socket has not taken all of one
    bool holds_records_ = false;  // that have arrived: nothing needs to come for a read to go on
    std::string outgoing_;        // gathered by the BIO of ssl_, which therefore goes first
    pki::SslPtr ssl_;
};

}  // namespace sallyport::gateway
