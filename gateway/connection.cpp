#include "gateway/connection.h"

#include "pki/socket_bio.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t max_dropped_bytes = 16U << 20U;

}  // namespace

bool Connection::tick(Clock::time_point now) {
    if (!waiting_) return false;
    if (!timed_out_ && now >= deadline_) {
        timed_out_ = true;
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }
    return ticks_waited_++ == 1;
}

void Connection::stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    if (waiting_) socket_.cancel(ignored);
}

void Connection::interrupt() {
    if (!waiting_) return;
    interrupted_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void Connection::close() {
    boost::system::error_code ignored;
    // What a cut connection was still to be sent must not be delivered: a reset discards it.
    if (stopped_) socket_.set_option(tcp::socket::linger(true, 0), ignored);
    socket_.close(ignored);
}

asio::awaitable<IoStatus> Connection::wait(tcp::socket::wait_type what) {
    if (stopped_) co_return IoStatus::stopped;
    waiting_ = true;
    ticks_waited_ = 0;
    // It arms the socket anew: what came since the last read, or between that and this, is not missed.
    const auto [error] = co_await socket_.async_wait(what, tuple_awaitable);
    if (what == tcp::socket::wait_read && !error) drained_ = false;
    co_return waited(error);
}

IoStatus Connection::waited(boost::system::error_code error) {
    waiting_ = false;
    const bool interrupted = std::exchange(interrupted_, false);
    if (stopped_) return IoStatus::stopped;
    if (std::exchange(timed_out_, false)) return IoStatus::timed_out;
    if (interrupted) return IoStatus::interrupted;
    if (error) return IoStatus::failed;
    if (stall_ > std::chrono::milliseconds::zero()) deadline_ = Clock::now() + stall_;
    return IoStatus::ok;
}

std::optional<IoResult> Connection::try_receive(std::span<char> into) {
    if (stopped_) return IoResult{IoStatus::stopped};
    if (drained_) return std::nullopt;
    ssize_t count = 0;
    do {
        count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    } while (count < 0 && errno == EINTR);
    drained_ = count < static_cast<ssize_t>(std::min(into.size(), pki::worth_another_look));
    if (count > 0) return IoResult{IoStatus::ok, static_cast<std::size_t>(count)};
    if (count == 0) return IoResult{IoStatus::end};
    if (errno != EAGAIN && errno != EWOULDBLOCK) return IoResult{IoStatus::failed};
    return std::nullopt;
}

asio::awaitable<IoResult> Connection::receive_some(std::span<char> into) {
    if (const auto received = try_receive(into)) co_return *received;
    waiting_ = true;
    ticks_waited_ = 0;
    // Not `wait` and then another look: that would take two system calls more.
    const auto [error, bytes] = co_await socket_.async_receive(asio::buffer(into), tuple_awaitable);
    drained_ = bytes < std::min(into.size(), pki::worth_another_look);
    const bool has_ended = error == asio::error::eof;
    const IoStatus status = waited(has_ended ? boost::system::error_code() : error);
    // What was taken from the socket must not be lost to a word that came in the same moment.
    if (status == IoStatus::stopped || status == IoStatus::failed) co_return IoResult{status};
    if (bytes > 0) co_return IoResult{IoStatus::ok, bytes};
    co_return IoResult{has_ended ? IoStatus::end : status};
}

std::optional<IoStatus> Connection::try_send(std::string_view from, std::size_t& sent, bool more) {
    if (stopped_) return IoStatus::stopped;
    while (sent < from.size()) {
        const ssize_t count = ::send(socket_.native_handle(), from.data() + sent, from.size() - sent,
                                     MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return std::nullopt;
        } else if (errno != EINTR) {
            return IoStatus::failed;
        }
    }
    return IoStatus::ok;
}

asio::awaitable<IoStatus> Connection::send_all(std::string_view from, std::size_t& sent) {
    for (;;) {
        if (const auto done = try_send(from, sent, false)) co_return *done;
        const IoStatus waited = co_await wait(tcp::socket::wait_write);
        if (waited != IoStatus::ok && waited != IoStatus::interrupted) co_return waited;  // that is for reads
    }
}

asio::awaitable<void> Connection::drain_and_close() {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    char dropped[4096];
    for (std::size_t total = 0; total < max_dropped_bytes;) {
        const ssize_t count = ::recv(socket_.native_handle(), dropped, sizeof dropped, 0);
        if (count > 0) {
            total += static_cast<std::size_t>(count);
        } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            break;
        } else {
            const IoStatus waited = co_await wait(tcp::socket::wait_read);
            if (waited != IoStatus::ok) break;
        }
    }
    close();
}

}  // namespace sallyport::gateway
