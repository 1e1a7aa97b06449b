#include "gateway/tls_channel.h"

#include "pki/socket_bio.h"

#include <algorithm>

#include <boost/asio/ip/tcp.hpp>
#include <openssl/err.h>
#include <sys/socket.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// One turn of a connection; then the others of its thread come first.
constexpr std::size_t max_read_at_once = 128 * 1024;
constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;

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

void TlsChannel::allow_reading() {
    pki::allow_reading(*ssl_, connection_.is_drained() ? 0 : max_read_at_once);
}

asio::awaitable<IoStatus> TlsChannel::flush() {
    if (outgoing_.empty()) co_return IoStatus::ok;
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
        allow_reading();
        const int result = SSL_do_handshake(ssl_.get());
        if (pki::is_drained(*ssl_)) connection_.set_drained(true);
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
        if (result == 1) {
            pki::keep_record_buffers(*ssl_);
            pki::gather_little(*ssl_);
            co_return failure;
        }
        const IoStatus waited = co_await connection_.wait(tcp::socket::wait_read);
        if (waited != IoStatus::ok) co_return failure_of(result, waited);
    }
}

std::optional<IoResult> TlsChannel::take(std::span<char> into) {
    std::size_t taken = 0;
    int error = SSL_ERROR_NONE;
    allow_reading();
    const std::size_t allowance = pki::unread_allowance(*ssl_);
    ERR_clear_error();
    while (taken < into.size()) {
        std::size_t count = 0;
        const int result = SSL_read_ex(ssl_.get(), into.data() + taken, into.size() - taken, &count);
        if (result != 1) {
            error = SSL_get_error(ssl_.get(), result);
            break;
        }
        taken += count;
        // To ask once more, only to hear that there is nothing, costs as much as a small record.
        if (pki::is_drained(*ssl_) && SSL_has_pending(ssl_.get()) == 0) break;
    }
    if (pki::is_drained(*ssl_)) connection_.set_drained(true);
    connection_.count_work(allowance - pki::unread_allowance(*ssl_));
    holds_records_ = error == SSL_ERROR_WANT_WRITE;
    // The reason stands in this thread's error queue, which an await could hand to others.
    if (error == SSL_ERROR_SSL) problem_ = pki::take_openssl_errors("TLS");
    if (taken > 0) return IoResult{IoStatus::ok, taken};  // an end or error will show on the next call
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return std::nullopt;
    return IoResult{error == SSL_ERROR_ZERO_RETURN ? IoStatus::end : IoStatus::failed};
}

std::optional<IoResult> TlsChannel::try_read(std::span<char> into) {
    if (connection_.is_stopped()) return IoResult{IoStatus::stopped};
    // What OpenSSL has to say (an alert, the answer to a key update of TLS 1.3) goes first, and never piles
    // up.
    if (!outgoing_.empty()) return std::nullopt;
    const auto taken = take(into);
    const bool has_come = taken && taken->status == IoStatus::ok;
    return has_come || outgoing_.empty() ? taken : std::nullopt;
}

asio::awaitable<IoResult> TlsChannel::read_some(std::span<char> into) {
    IoStatus flushed = co_await flush();
    while (flushed == IoStatus::ok) {
        if (connection_.is_stopped()) co_return IoResult{IoStatus::stopped};
        const auto read = take(into);
        const bool goes_on = holds_records_;
        flushed = co_await flush();
        if (flushed != IoStatus::ok) break;
        if (read) co_return *read;
        // It waits in any case: a peer that makes OpenSSL answer without end must not hold this thread.
        const IoStatus waited =
            co_await connection_.wait(goes_on ? tcp::socket::wait_write : tcp::socket::wait_read);
        if (waited != IoStatus::ok) co_return IoResult{waited};
    }
    co_return IoResult{flushed};
}

std::optional<IoStatus> TlsChannel::try_write(std::span<const char>& from, bool more) {
    if (connection_.is_stopped()) return IoStatus::stopped;
    if (!outgoing_.empty()) return std::nullopt;  // that goes first
    int error = SSL_ERROR_NONE;
    ERR_clear_error();
    while (!from.empty() && error == SSL_ERROR_NONE) {
        // One record: with CBC suites OpenSSL would make several at once, and the kernel wait behind the
        // last.
        const std::size_t bytes = std::min(from.size(), record_bytes);
        pki::set_output(*ssl_, more || from.size() > bytes ? pki::Output::send_more : pki::Output::send);
        std::size_t count = 0;
        const int result = SSL_write_ex(ssl_.get(), from.data(), bytes, &count);
        if (result == 1) {
            from = from.subspan(count);
        } else {
            error = SSL_get_error(ssl_.get(), result);
        }
    }
    pki::set_output(*ssl_, pki::Output::gather);
    owes_record_ = error != SSL_ERROR_NONE;
    if (error == SSL_ERROR_NONE) return IoStatus::ok;
    if (error == SSL_ERROR_WANT_WRITE) return std::nullopt;
    return IoStatus::failed;
}

asio::awaitable<IoStatus> TlsChannel::write(std::span<const char> from, bool more) {
    for (;;) {
        const IoStatus flushed = co_await flush();
        if (flushed != IoStatus::ok) co_return flushed;
        const auto written = try_write(from, more);
        if (written) co_return *written;
        const IoStatus waited = co_await connection_.wait(tcp::socket::wait_write);
        if (waited != IoStatus::ok && waited != IoStatus::interrupted) co_return waited;  // that is for reads
    }
}

std::optional<IoResult> TlsChannel::peek(std::span<char> into) {
    std::size_t count = 0;
    ERR_clear_error();
    pki::allow_reading(*ssl_, max_read_at_once);  // whatever the last read has found
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
    // Behind its goodbye the peer sends nothing that a reset could answer.
    const bool peer_is_through = (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    if (flushed == IoStatus::ok && !peer_is_through) co_await connection_.drain_and_close();
    connection_.close();
}

void TlsChannel::end() {
    const bool sound = ssl_ && SSL_is_init_finished(ssl_.get()) == 1 && problem_.empty() &&
                       outgoing_.empty() && !owes_record_ && connection_.is_open() &&
                       !connection_.is_stopped();
    if (!sound) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    // Whoever has closed already, or takes nothing, does not hear it.
    ::send(connection_.socket().native_handle(), outgoing_.data(), outgoing_.size(),
           MSG_NOSIGNAL | MSG_DONTWAIT);
}

void TlsChannel::release_memory() {
    if (outgoing_.empty()) std::string().swap(outgoing_);
    pki::free_record_buffers(*ssl_);
}

}  // namespace sallyport::gateway
