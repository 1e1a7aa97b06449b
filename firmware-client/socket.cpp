#include "firmware-client/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::device {
namespace {

Error network_error(const std::string& doing, int code) {
    return {Fault::network, doing + ": " + std::strerror(code)};
}

/// Non-blocking connect to one address.
Result<Descriptor> connect_address(const addrinfo& address, Deadline deadline, StopDescriptor stop) {
    Descriptor socket{::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket) return network_error("cannot make a socket", errno);
    // A request head and its body are two writes: Nagle's algorithm would hold back the second.
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
    if (errno != EINPROGRESS) return network_error("cannot connect", errno);
    if (auto ready = wait_ready(socket.get(), Readiness::writable, deadline, stop); !ready) {
        return ready.error();
    }
    int failure = 0;
    socklen_t size = sizeof failure;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &size) != 0) failure = errno;
    if (failure != 0) return network_error("cannot connect", failure);
    return socket;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> wait_ready(int fd, Readiness readiness, Deadline deadline, StopDescriptor stop) {
    pollfd watched[2] = {{fd, static_cast<short>(readiness == Readiness::readable ? POLLIN : POLLOUT), 0},
                         {stop.fd, POLLIN, 0}};  // poll ignores a negative descriptor
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        constexpr long long longest_poll_ms = 60'000;
        const auto wait = static_cast<int>(std::clamp<long long>(left.count(), 0, longest_poll_ms));
        const int ready = ::poll(watched, 2, wait);
        if (ready < 0 && errno != EINTR) return network_error("cannot wait for the network", errno);
        if (ready > 0 && watched[1].revents != 0) return Error{Fault::stopped, "asked to stop"};
        if (ready > 0) return {};
        if (left.count() <= 0) return Error{Fault::network, "the server did not answer in time"};
    }
}

bool wait_for_stop(StopDescriptor stop, Deadline until) {
    constexpr int nothing = -1;  // never ready
    const auto ended = wait_ready(nothing, Readiness::readable, until, stop);
    return !ended && ended.error().fault == Fault::stopped;
}

Deadline share_of(Deadline now, Deadline deadline, std::size_t addresses) {
    if (now >= deadline) return deadline;
    return now + (deadline - now) / static_cast<Deadline::rep>(std::max<std::size_t>(addresses, 1));
}

Result<Descriptor> connect_tcp(const std::string& host, std::uint16_t port, Deadline deadline,
                               StopDescriptor stop) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) {
        return Error{Fault::network, "cannot find " + host + ": " + ::gai_strerror(failure)};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
    Error last{Fault::network, "no address"};
    std::size_t left = 0;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next)
        ++left;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
        const Deadline share = share_of(std::chrono::steady_clock::now(), deadline, left--);
        auto socket = connect_address(*address, share, stop);
        if (socket || socket.error().fault == Fault::stopped) return socket;
        last = socket.error();
    }
    last.message = host + ":" + std::to_string(port) + ": " + last.message;
    return last;
}

Result<std::optional<std::size_t>> TcpStream::try_read(std::span<std::byte> into) {
    for (;;) {
        const ssize_t count = ::recv(socket_.get(), into.data(), into.size(), 0);
        if (count >= 0) return std::optional{static_cast<std::size_t>(count)};
        if (errno == EAGAIN || errno == EWOULDBLOCK) return std::optional<std::size_t>{};
        if (errno != EINTR) return network_error("the connection broke", errno);
    }
}

Result<std::size_t> TcpStream::read_some(std::span<std::byte> into, Deadline deadline) {
    for (;;) {
        const auto count = try_read(into);
        if (!count) return count.error();
        if (*count) return **count;
        if (auto ready = wait_ready(socket_.get(), Readiness::readable, deadline, stop_); !ready) {
            return ready.error();
        }
    }
}

Result<void> TcpStream::write_all(std::span<const std::byte> from, Deadline deadline) {
    while (!from.empty()) {
        const ssize_t count = ::send(socket_.get(), from.data(), from.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            from = from.subspan(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (auto ready = wait_ready(socket_.get(), Readiness::writable, deadline, stop_); !ready) {
                return ready.error();
            }
        } else if (errno != EINTR) {
            return network_error("the connection broke", errno);
        }
    }
    return {};
}

}  // namespace sallyport::device
