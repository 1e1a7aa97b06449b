#pragma once

#include "firmware-client/byte_stream.h"
#include "firmware-client/result.h"

#include <cstdint>
#include <string>

namespace sallyport::device {

/// Owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

  private:
    int fd_;
};

/// A descriptor that turns readable when the program shall end; -1: never. Every wait watches it, so a
/// stalled peer cannot delay the end.
struct StopDescriptor {
    int fd = -1;
};

enum class Readiness { readable, writable };

/// Waits until `fd` is ready. Errors: network after the deadline, stopped when `stop` fires.
Result<void> wait_ready(int fd, Readiness readiness, Deadline deadline, StopDescriptor stop);

/// Sleeps until `until`; true as soon as `stop` fires.
bool wait_for_stop(StopDescriptor stop, Deadline until);

/// The time of one of `addresses` that are still to be tried: an equal share, so that one that does not
/// answer leaves time for the others.
Deadline share_of(Deadline now, Deadline deadline, std::size_t addresses);

/// A non-blocking TCP connection to the first address of `host` that answers. Errors: network. The look-up of
/// a name keeps the resolver's own time limits.
Result<Descriptor> connect_tcp(const std::string& host, std::uint16_t port, Deadline deadline,
                               StopDescriptor stop);

/// A connection without TLS.
class TcpStream final : public ByteStream {
  public:
    TcpStream(Descriptor socket, StopDescriptor stop) : socket_(std::move(socket)), stop_(stop) {}

    Result<std::size_t> read_some(std::span<std::byte> into, Deadline deadline) override;
    Result<std::optional<std::size_t>> try_read(std::span<std::byte> into) override;
    Result<void> write_all(std::span<const std::byte> from, Deadline deadline) override;

  private:
    Descriptor socket_;
    StopDescriptor stop_;
};

}  // namespace sallyport::device
