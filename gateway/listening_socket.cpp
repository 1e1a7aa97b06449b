#include "gateway/listening_socket.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <boost/asio/ip/tcp.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

ListeningSocket::ListeningSocket(const ListenerSettings& settings, InheritedSockets& inherited) {
    if (const auto descriptor = inherited.take(settings.address)) {
        descriptor_ = *descriptor;
        return;
    }
    const tcp::endpoint endpoint(asio::ip::make_address(settings.address.host), settings.address.port);
    descriptor_ = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (descriptor_ >= 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Linux hands it on to the connections that it accepts.
    if (descriptor_ >= 0) ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (descriptor_ < 0 ||
        ::bind(descriptor_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(descriptor_, SOMAXCONN) != 0) {
        const std::string reason = std::strerror(errno);
        close();
        throw std::runtime_error("listener '" + settings.name + "': cannot listen on " +
                                 settings.address.host + " port " + std::to_string(settings.address.port) +
                                 ": " + reason);
    }
}

void ListeningSocket::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace sallyport::gateway
