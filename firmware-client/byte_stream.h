#pragma once

#include "firmware-client/result.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

namespace sallyport::device {

/// The moment after which an operation gives up with Fault::network.
using Deadline = std::chrono::steady_clock::time_point;

/// The device's view of the network: an ordered stream of bytes, used by one thread.
class ByteStream {
  public:
    virtual ~ByteStream() = default;

    /// Waits for input. Returns 1..into.size() bytes, or 0 at an orderly end of stream. A TLS stream cut
    /// without close_notify is an error, never 0: a truncated answer must not look complete.
    virtual Result<std::size_t> read_some(std::span<std::byte> into, Deadline deadline) = 0;

    /// The same without waiting: nothing when no input has arrived yet.
    virtual Result<std::optional<std::size_t>> try_read(std::span<std::byte> into) = 0;

    /// Sends everything, or fails; after a failure an unknown part of it was sent.
    virtual Result<void> write_all(std::span<const std::byte> from, Deadline deadline) = 0;
};

}  // namespace sallyport::device
