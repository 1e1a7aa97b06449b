#pragma once

#include "gateway/client_stream.h"
#include "gateway/tls_channel.h"
#include "pki/socket_bio.h"
#include "pki/tls_server.h"

#include <memory>

namespace sallyport::gateway {

/// The server side of a TLS connection. Not thread-safe.
class TlsStream final : public ClientStream {
  public:
    /// `judge` must outlive the stream.
    TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<const pki::TlsServer> server,
              pki::PeerJudge& judge);

    /// Before the handshake: its judge may say `other_server`.
    void may_restart() { pki::keep_hello(*channel_.ssl()); }
    /// Begins again with the hello that was read, for another server. False when memory is out.
    bool restart(std::shared_ptr<const pki::TlsServer> server, pki::PeerJudge& judge);

    Connection& connection() override { return channel_.connection(); }
    const SSL& ssl() const { return *channel_.ssl(); }
    /// Has the peer said anything yet?
    bool has_received() const { return pki::has_received(*channel_.ssl()); }
    /// False when memory was out; then nothing else may be called.
    bool valid() const { return channel_.ssl() != nullptr; }

    /// See TlsChannel.
    boost::asio::awaitable<HandshakeFailure> handshake() { return channel_.handshake(); }

    std::optional<IoResult> try_read(std::span<char> into) override { return channel_.try_read(into); }
    boost::asio::awaitable<IoResult> read_some(std::span<char> into) override {
        return channel_.read_some(into);
    }
    std::optional<IoStatus> try_write(std::span<const char>& from, bool more) override {
        return channel_.try_write(from, more);
    }
    boost::asio::awaitable<IoStatus> write(std::span<const char> from) override {
        return channel_.write(from, false);
    }
    boost::asio::awaitable<void> close(std::chrono::milliseconds patience) override {
        return channel_.close(patience);
    }
    bool has_pending() const override { return channel_.has_pending(); }
    void release_memory() override { channel_.release_memory(); }

  private:
    std::shared_ptr<const pki::TlsServer> server_;  // outlives its connection
    TlsChannel channel_;
};

}  // namespace sallyport::gateway
