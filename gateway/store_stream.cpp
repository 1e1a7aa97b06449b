#include "gateway/store_stream.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr std::size_t max_parts = 4;

}  // namespace

std::size_t interim_answer_length(std::string_view received) noexcept {
    if (!received.starts_with("HTTP/1.1 1") || received.starts_with("HTTP/1.1 101")) return 0;
    const auto end = received.find("\r\n\r\n");
    return end == received.npos ? 0 : end + 4;
}

StoreStream::Heard StoreStream::take_interim() {
    char peeked[1024];
    const auto heard = peek(peeked);
    if (!heard) return Heard::nothing;
    if (heard->status != IoStatus::ok) return Heard::more;  // an end or a failure
    const std::size_t length = interim_answer_length({peeked, heard->bytes});
    if (length == 0) return Heard::more;
    return take({peeked, length}) ? Heard::interim : Heard::more;
}

bool StoreStream::is_quiet() {
    char byte = 0;
    return !peek({&byte, 1});
}

// ---- plain -------------------------------------------------------------------------------------------

asio::awaitable<IoStatus> PlainStoreStream::write(std::span<const std::string_view> parts) {
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

std::optional<IoResult> PlainStoreStream::peek(std::span<char> into) {
    const ssize_t count =
        ::recv(connection_.socket().native_handle(), into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) return IoResult{IoStatus::ok, static_cast<std::size_t>(count)};
    if (count == 0) return IoResult{IoStatus::end};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    return IoResult{IoStatus::failed};
}

bool PlainStoreStream::take(std::span<char> into) {
    return ::recv(connection_.socket().native_handle(), into.data(), into.size(), 0) ==
           static_cast<ssize_t>(into.size());
}

// ---- TLS ---------------------------------------------------------------------------------------------

asio::awaitable<std::optional<HandshakeFailure>> TlsStoreStream::handshake(pki::SslPtr ssl) {
    if (!channel_.use(std::move(ssl)))
        co_return HandshakeFailure{HandshakeFailure::Kind::protocol, "cannot set up TLS: out of memory"};
    HandshakeFailure failure = co_await channel_.handshake();
    if (failure.kind == HandshakeFailure::Kind::none) co_return std::nullopt;
    if (const std::string problem = pki::verification_problem(*channel_.ssl()); !problem.empty())
        failure.detail = "its certificate is not trusted: " + problem;
    co_return failure;
}

bool TlsStoreStream::take(std::span<char> into) {
    std::size_t count = 0;
    return SSL_read_ex(channel_.ssl(), into.data(), into.size(), &count) == 1 && count == into.size();
}

}  // namespace sallyport::gateway
