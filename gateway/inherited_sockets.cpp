#include "gateway/inherited_sockets.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using tcp = boost::asio::ip::tcp;

constexpr int most_sockets = 1'000;

[[noreturn]] void refuse(const std::string& what) {
    throw std::runtime_error("socket activation: " + what);
}

int number_of(const char* name, const char* text) {
    int number = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    if (error != std::errc{} || stop != end || number < 0)
        refuse(std::string(name) + ": '" + text + "' is no number");
    return number;
}

bool listens_to_streams(int descriptor) {
    int listens = 0;
    int type = 0;
    socklen_t size = sizeof listens;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 1 &&
           ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/// Nothing for what is no listening TCP socket.
std::optional<SocketAddress> address_of(int descriptor) {
    tcp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (!listens_to_streams(descriptor) || ::getsockname(descriptor, endpoint.data(), &size) != 0)
        return std::nullopt;
    const int family = endpoint.data()->sa_family;
    if (family != AF_INET && family != AF_INET6) return std::nullopt;
    endpoint.resize(size);
    return SocketAddress{endpoint.address().to_string(), endpoint.port()};
}

/// As systemd's socket units may leave them, and the workers must not.
void prepare(int descriptor) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

InheritedSockets::InheritedSockets(const char* listen_pid, const char* listen_fds, int first_descriptor) {
    if (listen_pid == nullptr || listen_fds == nullptr) return;
    if (number_of("LISTEN_PID", listen_pid) != ::getpid()) return;  // they are another process's
    const int count = number_of("LISTEN_FDS", listen_fds);
    if (count > most_sockets) refuse("LISTEN_FDS: " + std::to_string(count) + " sockets are too many");
    for (int descriptor = first_descriptor; descriptor < first_descriptor + count; ++descriptor) {
        auto address = address_of(descriptor);
        if (!address)
            refuse("descriptor " + std::to_string(descriptor) +
                   " is no listening TCP socket (ListenStream=)");
        prepare(descriptor);
        sockets_.push_back({descriptor, std::move(*address)});
    }
}

InheritedSockets InheritedSockets::of_environment() {
    return {std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS")};
}

InheritedSockets::~InheritedSockets() {
    for (const Socket& socket : sockets_)
        ::close(socket.descriptor);
}

std::optional<int> InheritedSockets::take(const SocketAddress& address) {
    const std::string host = boost::asio::ip::make_address(address.host).to_string();  // one spelling
    const auto found = std::ranges::find(sockets_, SocketAddress{host, address.port}, &Socket::address);
    if (found == sockets_.end()) return std::nullopt;
    const int descriptor = found->descriptor;
    sockets_.erase(found);
    return descriptor;
}

std::vector<std::string> InheritedSockets::not_taken() const {
    std::vector<std::string> addresses;
    for (const auto& [descriptor, address] : sockets_) {
        const bool is_v6 = address.host.find(':') != std::string::npos;
        addresses.push_back((is_v6 ? "[" + address.host + "]" : address.host) + ":" +
                            std::to_string(address.port));
    }
    return addresses;
}

}  // namespace sallyport::gateway
