#pragma once

#include "gateway/socket_address.h"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// Listening sockets that this process was started with (sd_listen_fds(3), socket activation): LISTEN_FDS
/// descriptors from 3 on, when LISTEN_PID is this process. Whoever started us holds them, too, so that
/// clients who come while the gateway restarts wait in the kernel. Owns those that nobody has taken.
class InheritedSockets {
  public:
    /// Throws std::runtime_error when one of them is no listening TCP socket, or the variables make no sense.
    InheritedSockets(const char* listen_pid, const char* listen_fds, int first_descriptor = 3);
    static InheritedSockets of_environment();
    InheritedSockets(InheritedSockets&& other) noexcept : sockets_(std::move(other.sockets_)) {
        other.sockets_.clear();
    }
    InheritedSockets& operator=(InheritedSockets&&) = delete;
    ~InheritedSockets();

    /// The socket with this address, which the caller owns from here on.
    std::optional<int> take(const SocketAddress& address);
    /// "IP:PORT" of each that was not taken.
    std::vector<std::string> not_taken() const;

  private:
    struct Socket {
        int descriptor;
        SocketAddress address;
    };
    std::vector<Socket> sockets_;
};

}  // namespace sallyport::gateway
