#pragma once

#include "gateway/connection.h"
#include "gateway/tls_channel.h"
#include "pki/tls_client.h"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

namespace sallyport::gateway {

/// The bytes that the store and we exchange, with or without TLS. Not thread-safe.
class StoreStream {
  public:
    virtual ~StoreStream() = default;

    virtual Connection& connection() = 0;

    /// Takes what is there without waiting; nothing when that is nothing. (The way of most blocks: it costs
    /// no coroutine.) `end` only when the store says that nothing follows: over TLS an end without
    /// close_notify is a failure (RFC 8446 6.1), for somebody between us could have made it.
    virtual std::optional<IoResult> try_read(std::span<char> into) = 0;

    /// Waits for the first byte, then does the same.
    virtual boost::asio::awaitable<IoResult> read_some(std::span<char> into) = 0;

    /// Sends what the socket takes at once of all parts, `max_parts` at most. Nothing when a rest is left:
    /// `write_rest` must be called next, and the parts live until it is done. With `more` the kernel may wait
    /// a moment (200 ms at most) for what follows: it makes fewer packets, and wakes the store less often.
    std::optional<IoStatus> try_write(std::span<const std::string_view> parts, bool more);
    virtual boost::asio::awaitable<IoStatus> write_rest() = 0;
    /// Sends all parts.
    boost::asio::awaitable<IoStatus> write(std::span<const std::string_view> parts);
    static constexpr std::size_t max_parts = 4;

    /// Copies what could be read next and waits for nothing. Nothing when nothing has arrived.
    virtual std::optional<IoResult> peek(std::span<char> into) = 0;
    /// Takes `into.size()` bytes that `peek` has shown.
    virtual bool take(std::span<char> into) = 0;

    /// Has something arrived that the socket does not show any more?
    virtual bool has_pending() const = 0;

    /// Gives memory back while nothing flows.
    virtual void release_memory() = 0;

    /// What is known of the last failure beside its status, for logs; may be empty.
    virtual std::string problem() const = 0;

    enum class Heard { nothing, interim, more };
    /// Takes one whole interim answer (1xx but 101) if that is what has arrived; waits for nothing.
    Heard take_interim();

    /// An idle connection that can be read has been closed by the store, or carries bytes that nobody asked
    /// for.
    bool is_quiet();

  protected:
    virtual std::optional<IoStatus> try_write_rest() = 0;
    /// Of the parts that are being written: what the socket has not taken. None is empty.
    std::span<std::string_view> unsent() { return std::span(unsent_).subspan(first_unsent_); }
    /// Does anything follow all of them?
    bool more_follows() const { return more_; }
    /// The socket has taken so much of them.
    void sent(std::size_t bytes);

  private:
    std::array<std::string_view, max_parts> unsent_{};
    std::size_t first_unsent_ = max_parts;
    bool more_ = false;
};

/// The length of the whole interim answer (1xx but 101) that `received` begins with; 0 when it begins with
/// anything else.
std::size_t interim_answer_length(std::string_view received) noexcept;

/// A connection without TLS: http:// stores.
class PlainStoreStream final : public StoreStream {
  public:
    explicit PlainStoreStream(boost::asio::ip::tcp::socket socket) : connection_(std::move(socket)) {}

    Connection& connection() override { return connection_; }
    std::optional<IoResult> try_read(std::span<char> into) override { return connection_.try_receive(into); }
    boost::asio::awaitable<IoResult> read_some(std::span<char> into) override {
        return connection_.receive_some(into);
    }
    boost::asio::awaitable<IoStatus> write_rest() override;
    std::optional<IoResult> peek(std::span<char> into) override;
    bool take(std::span<char> into) override;
    bool has_pending() const override { return false; }
    void release_memory() override {}
    std::string problem() const override { return ""; }

  protected:
    std::optional<IoStatus> try_write_rest() override;

  private:
    Connection connection_;
};

/// The client side of a TLS connection: https:// stores.
class TlsStoreStream final : public StoreStream {
  public:
    explicit TlsStoreStream(boost::asio::ip::tcp::socket socket) : channel_(std::move(socket)) {}

    ~TlsStoreStream() override { channel_.end(); }

    /// The socket is connected. `ssl`: a fresh client side; null when memory is out. Nothing on success, else
    /// what went wrong. Under the deadline that the connection has.
    boost::asio::awaitable<std::optional<HandshakeFailure>> handshake(pki::SslPtr ssl);

    Connection& connection() override { return channel_.connection(); }
    std::optional<IoResult> try_read(std::span<char> into) override { return channel_.try_read(into); }
    boost::asio::awaitable<IoResult> read_some(std::span<char> into) override {
        return channel_.read_some(into);
    }
    boost::asio::awaitable<IoStatus> write_rest() override;
    std::optional<IoResult> peek(std::span<char> into) override { return channel_.peek(into); }
    bool take(std::span<char> into) override;
    bool has_pending() const override { return channel_.has_pending(); }
    void release_memory() override { channel_.release_memory(); }
    std::string problem() const override { return channel_.problem(); }

  protected:
    std::optional<IoStatus> try_write_rest() override;

  private:
    TlsChannel channel_;
};

}  // namespace sallyport::gateway
