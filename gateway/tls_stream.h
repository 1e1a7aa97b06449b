#pragma once

#include "pki/tls_server.h"

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace sallyport::gateway {

using Clock = std::chrono::steady_clock;

/// How an operation on a connection ended.
enum class IoStatus {
    ok,
    end,          ///< the peer closed in an orderly way
    timed_out,    ///< the deadline passed
    stopped,      ///< `stop` was called: the connection is over
    interrupted,  ///< `interrupt` was called: only this wait is over
    failed,       ///< reset, or a TLS error
};

struct IoResult {
    IoStatus status;
    std::size_t bytes = 0;
};

/// A TCP connection with one deadline for whatever it waits for. Not thread-safe: all calls come from the
/// thread of its executor. Nothing here owns a timer: the worker calls `tick` for all its connections.
class Connection {
  public:
    explicit Connection(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    /// The time until which the following waits may last.
    void expires_after(std::chrono::milliseconds span) { deadline_ = Clock::now() + span; }
    /// Ends the wait whose deadline has passed. Resolution is that of the worker's ticks.
    void tick(Clock::time_point now);
    /// Ends this connection: the running wait and every later one return `stopped`.
    void stop();
    /// Ends the running wait, if there is one.
    void interrupt();
    bool is_open() const { return socket_.is_open(); }
    void close();

    boost::asio::ip::tcp::socket& socket() { return socket_; }

    /// Waits until the socket can be read or written, or its wait is ended.
    boost::asio::awaitable<IoStatus> wait(boost::asio::ip::tcp::socket::wait_type what);

  private:
    boost::asio::ip::tcp::socket socket_;
    Clock::time_point deadline_ = Clock::time_point::max();
    bool waiting_ = false;
    bool stopped_ = false;
    bool timed_out_ = false;
    bool interrupted_ = false;
};

/// Why a handshake failed, when it is not the peer judge's doing.
struct HandshakeFailure {
    enum class Kind {
        none,
        no_certificate,
        no_shared_cipher,
        protocol,
        timeout,
        peer_closed,
        stopped
    } kind = Kind::none;
    std::string detail;
};

/// The server side of a TLS connection, driven directly on its socket: records are read into the caller's
/// buffer without a copy of our own, and written together in one send. Awaits nothing while OpenSSL has
/// data. Not thread-safe.
class TlsStream {
  public:
    /// `judge` must outlive the stream.
    TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<const pki::TlsServer> server,
              pki::PeerJudge& judge);

    Connection& connection() { return connection_; }
    const SSL& ssl() const { return *ssl_; }
    /// False when memory was out; then nothing else may be called.
    bool valid() const { return ssl_ != nullptr; }

    /// Sends the alert that tells the peer why, too. `kind` is `none` on success.
    boost::asio::awaitable<HandshakeFailure> handshake();

    /// Waits for the first byte, then takes what is there without waiting, up to `into.size()` bytes.
    boost::asio::awaitable<IoResult> read_some(std::span<char> into);

    /// Sends all of `from`. At most 64 KiB at a time should be given: that much is gathered in memory.
    boost::asio::awaitable<IoStatus> write(std::span<const char> from);

    /// Says close_notify, then takes and drops what the peer still sends, so that a reset does not destroy
    /// what we said last. Bounded in time and bytes.
    boost::asio::awaitable<void> close(std::chrono::milliseconds patience);

    /// Gives memory back while nothing flows.
    void release_memory();

  private:
    boost::asio::awaitable<IoStatus> flush();
    HandshakeFailure failure_of(int result, IoStatus waited);

    Connection connection_;
    std::shared_ptr<const pki::TlsServer> server_;
    std::string outgoing_;  // gathered by the BIO of ssl_, which therefore goes first
    pki::SslPtr ssl_;
};

}  // namespace sallyport::gateway
