#include "gateway/store_stream.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <sys/uio.h>

namespace sallyport::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

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
    if (peek({&byte, 1})) return false;
    connection().set_drained(true);
    return true;
}

std::optional<IoStatus> StoreStream::try_write(std::span<const std::string_view> parts, bool more) {
    more_ = more;
    first_unsent_ = max_parts;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (!part->empty()) unsent_.at(--first_unsent_) = *part;
    }
    return try_write_rest();
}

asio::awaitable<IoStatus> StoreStream::write(std::span<const std::string_view> parts) {
    if (const auto written = try_write(parts, false)) co_return *written;
    const IoStatus written_later = co_await write_rest();
    co_return written_later;
}

void StoreStream::sent(std::size_t bytes) {
    while (first_unsent_ < max_parts && bytes >= unsent_[first_unsent_].size())
        bytes -= unsent_[first_unsent_++].size();
    if (bytes > 0) unsent_.at(first_unsent_).remove_prefix(bytes);
}

// ---- plain -------------------------------------------------------------------------------------------

std::optional<IoStatus> PlainStoreStream::try_write_rest() {
    if (connection_.is_stopped()) return IoStatus::stopped;
    while (!unsent().empty()) {
        std::array<iovec, max_parts> vectors;
        msghdr message{};
        message.msg_iov = vectors.data();
        for (const std::string_view part : unsent())
            vectors.at(message.msg_iovlen++) = {const_cast<char*>(part.data()), part.size()};
        const ssize_t count = ::sendmsg(connection_.socket().native_handle(), &message,
                                        MSG_NOSIGNAL | (more_follows() ? MSG_MORE : 0));
        if (count >= 0) {
            sent(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return std::nullopt;
        } else if (errno != EINTR) {
            return IoStatus::failed;
        }
    }
    return IoStatus::ok;
}

asio::awaitable<IoStatus> PlainStoreStream::write_rest() {
    for (;;) {
        const IoStatus waited = co_await connection_.wait(tcp::socket::wait_write);
        if (waited != IoStatus::ok) co_return waited;
        if (const auto done = try_write_rest()) co_return *done;
    }
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

std::optional<IoStatus> TlsStoreStream::try_write_rest() {
    while (!unsent().empty()) {
        const std::string_view part = unsent().front();
        std::span<const char> rest(part);
        const auto written = channel_.try_write(rest, more_follows() || unsent().size() > 1);
        sent(part.size() - rest.size());
        if (written != IoStatus::ok) return written;
    }
    return IoStatus::ok;
}

asio::awaitable<IoStatus> TlsStoreStream::write_rest() {
    while (!unsent().empty()) {
        const std::string_view part = unsent().front();
        const bool more = more_follows() || unsent().size() > 1;
        const IoStatus written = co_await channel_.write(part, more);
        if (written != IoStatus::ok) co_return written;
        sent(part.size());
    }
    co_return IoStatus::ok;
}

bool TlsStoreStream::take(std::span<char> into) {
    std::size_t count = 0;
    return SSL_read_ex(channel_.ssl(), into.data(), into.size(), &count) == 1 && count == into.size();
}

}  // namespace sallyport::gateway
