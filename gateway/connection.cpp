#include "gateway/connection.h"

#include <cerrno>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t max_dropped_bytes = 16U << 20U;

}  // namespace

void Connection::tick(Clock::time_point now) {
    if (!waiting_ || timed_out_ || now < deadline_) return;
    timed_out_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
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
    const auto [error] = co_await socket_.async_wait(what, tuple_awaitable);
    waiting_ = false;
    const bool interrupted = std::exchange(interrupted_, false);
    if (stopped_) co_return IoStatus::stopped;
    if (std::exchange(timed_out_, false)) co_return IoStatus::timed_out;
    if (interrupted) co_return IoStatus::interrupted;
    if (error) co_return IoStatus::failed;
    if (stall_ > std::chrono::milliseconds::zero()) deadline_ = Clock::now() + stall_;
    co_return IoStatus::ok;
}

asio::awaitable<IoResult> Connection::receive_some(std::span<char> into) {
    for (;;) {
        const ssize_t count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
        if (count > 0) co_return IoResult{IoStatus::ok, static_cast<std::size_t>(count)};
        if (count == 0) co_return IoResult{IoStatus::end};
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) co_return IoResult{IoStatus::failed};
        const IoStatus waited = co_await wait(tcp::socket::wait_read);
        if (waited != IoStatus::ok) co_return IoResult{waited};
    }
}

asio::awaitable<IoStatus> Connection::send_all(std::string_view from, std::size_t& sent) {
    IoStatus status = IoStatus::ok;
    while (sent < from.size() && status == IoStatus::ok) {
        const ssize_t count =
            ::send(socket_.native_handle(), from.data() + sent, from.size() - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            status = co_await wait(tcp::socket::wait_write);
            if (status == IoStatus::interrupted) status = IoStatus::ok;  // an interrupt is for reads
        } else if (errno != EINTR) {
            status = IoStatus::failed;
        }
    }
    co_return status;
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
