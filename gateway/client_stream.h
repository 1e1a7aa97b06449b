#pragma once

#include "gateway/connection.h"

#include <chrono>
#include <span>

#include <boost/asio/awaitable.hpp>

namespace sallyport::gateway {

/// The bytes that a client and we exchange, with or without TLS. Not thread-safe.
class ClientStream {
  public:
    virtual ~ClientStream() = default;

    virtual Connection& connection() = 0;

    /// Waits for the first byte, then takes what is there without waiting, up to `into.size()` bytes.
    virtual boost::asio::awaitable<IoResult> read_some(std::span<char> into) = 0;

    /// Sends all of `from`. At most 64 KiB at a time should be given: that much is gathered in memory.
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
