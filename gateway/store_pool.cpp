#include "gateway/store_pool.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr std::size_t max_parts = 4;

/// An idle connection that can be read has been closed by the store, or carries bytes that nobody asked for.
bool is_quiet(tcp::socket& socket) {
    char byte = 0;
    return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

std::size_t interim_answer_length(std::string_view received) noexcept {
    if (!received.starts_with("HTTP/1.1 1") || received.starts_with("HTTP/1.1 101")) return 0;
    const auto end = received.find("\r\n\r\n");
    return end == received.npos ? 0 : end + 4;
}

asio::awaitable<IoStatus> StoreConnection::write(std::span<const std::string_view> parts) {
    std::array<iovec, max_parts> vectors{};
    std::size_t count = 0;
    for (const std::string_view part : parts) {
        if (!part.empty()) vectors.at(count++) = {const_cast<char*>(part.data()), part.size()};
    }
    std::size_t first = 0;
    while (first < count) {
        msghdr message{};
        message.msg_iov = &vectors.at(first);
        message.msg_iovlen = count - first;
        const ssize_t sent = ::sendmsg(connection_.socket().native_handle(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) co_return IoStatus::failed;
            const IoStatus waited = co_await connection_.wait(tcp::socket::wait_write);
            if (waited != IoStatus::ok) co_return waited;
            continue;
        }
        auto rest = static_cast<std::size_t>(sent);
        while (first < count && rest >= vectors.at(first).iov_len)
            rest -= vectors.at(first++).iov_len;
        if (rest > 0) {
            iovec& partly = vectors.at(first);
            partly.iov_base = static_cast<char*>(partly.iov_base) + rest;
            partly.iov_len -= rest;
        }
    }
    co_return IoStatus::ok;
}

StoreConnection::Heard StoreConnection::take_interim() {
    char peeked[1024];
    const int socket = connection_.socket().native_handle();
    const ssize_t count = ::recv(socket, peeked, sizeof peeked, MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return Heard::nothing;
    if (count <= 0) return Heard::more;  // an end or a failure
    const std::size_t length = interim_answer_length({peeked, static_cast<std::size_t>(count)});
    if (length == 0) return Heard::more;
    return ::recv(socket, peeked, length, 0) == static_cast<ssize_t>(length) ? Heard::interim : Heard::more;
}

asio::awaitable<StorePool::Opened> StorePool::open(const SocketAddress& store,
                                                   std::chrono::milliseconds connect_limit, bool only_fresh,
                                                   Connection*& in_progress) {
    if (store != store_) {  // a reload moved the store
        idle_.clear();
        store_ = store;
    }
    while (!only_fresh && !idle_.empty()) {
        tcp::socket socket = std::move(idle_.back());
        idle_.pop_back();
        if (is_quiet(socket))
            co_return Opened{std::make_unique<StoreConnection>(std::move(socket), true), false, ""};
    }

    boost::system::error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(store.host), store.port);
    tcp::socket socket(io_);
    socket.open(endpoint.protocol(), error);
    if (!error) socket.native_non_blocking(true, error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (error) co_return Opened{nullptr, false, "cannot open a socket: " + error.message()};
    auto opened = std::make_unique<StoreConnection>(std::move(socket), false);
    Connection& connection = opened->connection();
    if (::connect(connection.socket().native_handle(), endpoint.data(),
                  static_cast<socklen_t>(endpoint.size())) != 0) {
        if (errno != EINPROGRESS)
            co_return Opened{nullptr, false, std::string("connect: ") + std::strerror(errno)};
        in_progress = &connection;
        connection.expires_after(connect_limit);
        const IoStatus waited = co_await connection.wait(tcp::socket::wait_write);
        in_progress = nullptr;
        if (waited == IoStatus::timed_out) co_return Opened{nullptr, true, "connecting took too long"};
        if (waited != IoStatus::ok) co_return Opened{nullptr, false, "connecting was given up"};
        int failure = 0;
        socklen_t size = sizeof failure;
        ::getsockopt(connection.socket().native_handle(), SOL_SOCKET, SO_ERROR, &failure, &size);
        if (failure != 0) co_return Opened{nullptr, false, std::string("connect: ") + std::strerror(failure)};
    }
    co_return Opened{std::move(opened), false, ""};
}

void StorePool::put_back(std::unique_ptr<StoreConnection> connection, const SocketAddress& store,
                         std::size_t keep_at_most) {
    if (store == store_ && idle_.size() < keep_at_most)
        idle_.push_back(std::move(connection->connection().socket()));
}

}  // namespace sallyport::gateway
