#include "gateway/tls_channel.h"

#include "pki/socket_bio.h"

#include <boost/asio/ip/tcp.hpp>
#include <openssl/err.h>
#include <sys/socket.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// One turn of a connection; then the others of its thread come first.
constexpr std::size_t max_read_at_once = 128 * 1024;

HandshakeFailure::Kind kind_of(unsigned long error) {
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) return HandshakeFailure::Kind::protocol;
    switch (ERR_GET_REASON(error)) {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return HandshakeFailure::Kind::no_certificate;
        case SSL_R_NO_SHARED_CIPHER:
            return HandshakeFailure::Kind::no_shared_cipher;
        default:
            return HandshakeFailure::Kind::protocol;
    }
}

}  // namespace

bool TlsChannel::use(pki::SslPtr ssl) {
    ssl_ = std::move(ssl);
    if (ssl_ && !pki::use_socket(*ssl_, connection_.socket().native_handle(), outgoing_)) ssl_.reset();
    return ssl_ != nullptr;
}

/// Encrypts into `outgoing_`.
bool TlsChannel::seal(std::string_view data) {
    while (!data.empty()) {
        std::size_t count = 0;
        ERR_clear_error();
        if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &count) != 1) return false;
        data.remove_prefix(count);
    }
    return true;
}

asio::awaitable<IoStatus> TlsChannel::flush() {
    std::size_t sent = 0;
    const IoStatus status = co_await connection_.send_all(outgoing_, sent);
    outgoing_.erase(0, sent);  // a later flush must not say it twice
    co_return status;
}

HandshakeFailure TlsChannel::failure_of(int result, IoStatus waited) {
    using Kind = HandshakeFailure::Kind;
    if (waited == IoStatus::timed_out) return {Kind::timeout, "the handshake took too long"};
    if (waited == IoStatus::stopped) return {Kind::stopped, ""};
    if (waited != IoStatus::ok) return {Kind::peer_closed, "the connection broke"};
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_SSL) {
        const Kind kind = kind_of(ERR_peek_error());
        return {kind, pki::take_openssl_errors("TLS")};
    }
    return {Kind::peer_closed, "the peer closed the connection"};
}

asio::awaitable<HandshakeFailure> TlsChannel::handshake() {
    for (;;) {
        ERR_clear_error();
        pki::allow_reading(*ssl_, max_read_at_once);
        const int result = SSL_do_handshake(ssl_.get());
        // The reason stands in this thread's error queue, which an await could hand to others.
        const int error = SSL_get_error(ssl_.get(), result);
        HandshakeFailure failure;
        if (error == SSL_ERROR_WANT_CLIENT_HELLO_CB)
            co_return HandshakeFailure{HandshakeFailure::Kind::other_server, ""};
        const bool failed = result != 1 && error != SSL_ERROR_WANT_READ;
        if (failed) failure = failure_of(result, IoStatus::ok);
        const IoStatus flushed = co_await flush();
        if (failed) co_return failure;
        if (flushed != IoStatus::ok) co_return failure_of(result, flushed);
        if (result == 1) co_return failure;
        const IoStatus waited = co_await connection_.wait(tcp::socket::wait_read);
        if (waited != IoStatus::ok) co_return failure_of(result, waited);
    }
}

asio::awaitable<IoResult> TlsChannel::read_some(std::span<char> into) {
    for (;;) {
        std::size_t taken = 0;
        int error = SSL_ERROR_NONE;
        pki::allow_reading(*ssl_, max_read_at_once);
        ERR_clear_error();
        while (taken < into.size()) {
            std::size_t count = 0;
            const int result = SSL_read_ex(ssl_.get(), into.data() + taken, into.size() - taken, &count);
            if (result != 1) {
                error = SSL_get_error(ssl_.get(), result);
                break;
            }
            taken += count;
        }
        if (taken > 0) co_return IoResult{IoStatus::ok, taken};  // an end or error will show on the next call
        // The reason stands in this thread's error queue, which an await could hand to others.
        if (error == SSL_ERROR_SSL) problem_ = pki::take_openssl_errors("TLS");
        if (!outgoing_.empty()) {  // a TLS 1.3 key update asks for an answer
            if (const IoStatus flushed = co_await flush(); flushed != IoStatus::ok)
                co_return IoResult{flushed};
        }
        if (error == SSL_ERROR_ZERO_RETURN) co_return IoResult{IoStatus::end};
        if (error != SSL_ERROR_WANT_READ) co_return IoResult{IoStatus::failed};
        const IoStatus waited = co_await connection_.wait(tcp::socket::wait_read);
        if (waited != IoStatus::ok) co_return IoResult{waited};
    }
}

asio::awaitable<IoStatus> TlsChannel::write(std::span<const char> from) {
    if (!seal({from.data(), from.size()})) co_return IoStatus::failed;
    const IoStatus flushed = co_await flush();
    co_return flushed;
}

asio::awaitable<IoStatus> TlsChannel::write_parts(std::span<const std::string_view> parts) {
    for (const std::string_view part : parts) {
        if (!seal(part)) co_return IoStatus::failed;
    }
    const IoStatus flushed = co_await flush();
    co_return flushed;
}

std::optional<IoResult> TlsChannel::peek(std::span<char> into) {
    std::size_t count = 0;
    ERR_clear_error();
    pki::allow_reading(*ssl_, max_read_at_once);
    const int result = SSL_peek_ex(ssl_.get(), into.data(), into.size(), &count);
    if (result == 1) return IoResult{IoStatus::ok, count};
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) return std::nullopt;
    if (error == SSL_ERROR_SSL) problem_ = pki::take_openssl_errors("TLS");
    return IoResult{error == SSL_ERROR_ZERO_RETURN ? IoStatus::end : IoStatus::failed};
}

asio::awaitable<void> TlsChannel::close(std::chrono::milliseconds patience) {
    connection_.expires_after(patience);
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    const IoStatus flushed = co_await flush();
    if (flushed == IoStatus::ok) co_await connection_.drain_and_close();
    connection_.close();
}

void TlsChannel::end() {
    const bool sound = ssl_ && SSL_is_init_finished(ssl_.get()) == 1 && problem_.empty() &&
                       outgoing_.empty() && connection_.is_open() && !connection_.is_stopped();
    if (!sound) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    // Whoever has closed already, or takes nothing, does not hear it.
    ::send(connection_.socket().native_handle(), outgoing_.data(), outgoing_.size(),
           MSG_NOSIGNAL | MSG_DONTWAIT);
}

void TlsChannel::release_memory() {
    if (outgoing_.empty()) std::string().swap(outgoing_);
}

}  // namespace sallyport::gateway
