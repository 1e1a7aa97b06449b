#pragma once

#include "gateway/connection.h"

#include <chrono>
#include <optional>
#include <span>

#include <boost/asio/awaitable.hpp>

namespace sallyport::gateway {

/// The bytes that a client and we exchange, with or without TLS. Not thread-safe.
class ClientStream {
  public:
    virtual ~ClientStream() = default;

    virtual Connection& connection() = 0;

    /// Takes what is there without waiting, up to `into.size()` bytes; nothing when that is nothing. (The way
    /// of most blocks: it costs no coroutine.)
    virtual std::optional<IoResult> try_read(std::span<char> into) = 0;

    /// Waits for the first byte, then does the same.
    virtual boost::asio::awaitable<IoResult> read_some(std::span<char> into) = 0;

    /// Sends what the socket takes at once, and removes it from `from`. Nothing when a rest is left: `write`
    /// must be called next, with that rest. `more` follows at once: the kernel may wait for it.
    virtual std::optional<IoStatus> try_write(std::span<const char>& from, bool more) = 0;

    /// Sends all of `from`.
    virtual boost::asio::awaitable<IoStatus> write(std::span<const char> from) = 0;

    /// Says that nothing follows, then takes and drops what the peer still sends, so that a reset does not
    /// destroy what we said last. Bounded in time and bytes.
    virtual boost::asio::awaitable<void> close(std::chrono::milliseconds patience) = 0;

    /// Has something arrived that the socket does not show any more?
    virtual bool has_pending() const = 0;

    /// Gives memory back while nothing flows.
    virtual void release_memory() = 0;
};

}  // namespace sallyport::gateway
