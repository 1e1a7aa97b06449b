#include "gateway/worker.h"

#include "gateway/session.h"
#include "gateway/wall_clock.h"

#include <cerrno>
#include <cstring>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
/// The resolution of every deadline.
constexpr std::chrono::milliseconds tick_interval = 100ms;
/// Certificates and CRLs age while a connection stands idle or carries a body.
constexpr std::chrono::milliseconds recheck_interval = 1s;
/// How many connections are cut at a time, each tick, when all are refused: 5 s for all of them.
constexpr std::size_t least_turns = 10;
constexpr std::size_t turns_for_all = 50;
/// Without descriptors or memory an accept loop would spin.
constexpr auto accept_pause = 50ms;
constexpr auto handshake_pause = 5ms;

}  // namespace

Worker::Worker(Shared& shared, const std::vector<Listener>& listeners, const std::vector<Port>& ports)
    : shared_(shared),
      listeners_(listeners),
      pool_(io_, shared.store_events),
      connections_(shared.metrics),
      requests_(shared.metrics) {
    for (const Port& port : ports) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        ::getsockname(port.descriptor, reinterpret_cast<sockaddr*>(&address), &size);
        // A descriptor of its own on the one listening socket: the kernel wakes whoever is free.
        acceptors_.push_back(std::make_unique<tcp::acceptor>(
            io_, address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), ::dup(port.descriptor)));
        acceptors_.back()->non_blocking(true);
        asio::co_spawn(io_, accept(port, *acceptors_.back()), asio::detached);
    }
    asio::co_spawn(io_, tick(), asio::detached);
}

Worker::~Worker() = default;

void Worker::run() {
    ::pthread_setname_np(::pthread_self(), "worker");
    io_.run();
    turns_ = has_ended;
}

asio::awaitable<void> Worker::accept(const Port& port, tcp::acceptor& acceptor) {
    while (acceptor.is_open()) {
        if (speaks_tls(port) && !has_handshakes_left()) {  // they wait in the kernel's queue
            asio::steady_timer pause(io_, handshake_pause);
            co_await pause.async_wait(tuple_awaitable);
            continue;
        }
        const auto [error] = co_await acceptor.async_wait(tcp::acceptor::wait_read, tuple_awaitable);
        if (error || !acceptor.is_open()) co_return;
        const bool accepted = accept_one(port, acceptor);
        if (accepted) continue;
        asio::steady_timer pause(io_, accept_pause);
        co_await pause.async_wait(tuple_awaitable);
    }
}

/// False when the system lets none in, and a pause is due. By hand: Asio's way takes three system calls more.
bool Worker::accept_one(const Port& port, tcp::acceptor& acceptor) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int descriptor =
        ::accept4(acceptor.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
        // Another worker was faster, or the client has left already (accept(2)).
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return true;
        report_accept_failure(port, std::strerror(errno));
        return false;
    }
    peer.resize(size);
    boost::system::error_code error;
    tcp::socket socket(io_);
    socket.assign(peer.protocol(), descriptor, error);
    if (error) {
        ::close(descriptor);
        report_accept_failure(port, error.message());
        return false;
    }
    start_session(std::move(socket), peer, port);
    return true;
}

void Worker::report_accept_failure(const Port& port, const std::string& detail) {
    shared_.log.event(Log::Level::error, "accept_failed",
                      {{"listener", listeners_[port.listeners.front()].name}, {"detail", detail}});
}

bool Worker::speaks_tls(const Port& port) const {
    return shared_.snapshots.current()->listeners[port.listeners.front()].mode != Mode::low;
}

bool Worker::has_handshakes_left() const {
    return shared_.handshakes.load(std::memory_order_relaxed) <
           shared_.snapshots.current()->settings.limits.handshakes;
}

bool Worker::admits(const tcp::endpoint& peer, const Port& port, const Limits& limits) {
    const ClientNetwork network = network_of(peer.address());
    const auto now = Clock::now();
    if (shared_.failures_by_address.allows(network, limits.handshake_failures_per_address, now) &&
        shared_.handshakes_by_address.allows(network, limits.handshakes_per_address, now)) {
        shared_.handshakes_by_address.take(network, limits.handshakes_per_address, now);
        return true;
    }
    shared_.metrics.handshake_not_begun(listeners_[port.listeners.front()].name, Reason::limit);
    return false;
}

void Worker::start_session(tcp::socket socket, const tcp::endpoint& peer, const Port& port) {
    const auto snapshot = shared_.snapshots.current();
    const std::uint64_t limit = std::min(snapshot->settings.limits.connections, shared_.max_connections);
    if (shared_.connections.load(std::memory_order_relaxed) >= limit) {
        connections_.closed(to_string(Reason::limit));
        return;
    }
    if (speaks_tls(port) && !admits(peer, port, snapshot->settings.limits)) {
        connections_.closed(to_string(Reason::limit));
        return;
    }
    auto session = std::make_shared<Session>(std::move(socket), port, snapshot, *this, peer);
    shared_.connections.fetch_add(1, std::memory_order_relaxed);
    asio::co_spawn(io_, session->run(), [this, session](std::exception_ptr failure) {
        shared_.connections.fetch_sub(1, std::memory_order_relaxed);
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& bug) {
            shared_.log.event(Log::Level::error, "internal_error", {{"detail", bug.what()}});
        }
    });
}

void Worker::leave(Session& session) {
    sessions_.erase(&session);
    finish_if_empty();
}

asio::awaitable<void> Worker::tick() {
    for (;;) {
        timer_.expires_after(tick_interval);
        co_await timer_.async_wait(tuple_awaitable);
        turns_.fetch_add(1, std::memory_order_relaxed);
        const auto now = Clock::now();
        for (Session* session : sessions_)
            session->tick(now);
        if (now >= next_recheck_) recheck_all();
        if (drain_until_ && now >= *drain_until_) {
            for (Session* session : sessions_) {
                shared_.metrics.exceeded(Deadline::drain);
                session->stop(Reason::timeout);
            }
        }
        if (draining_ && sessions_.empty()) {
            io_.stop();  // kept store connections may still have waits outstanding
            co_return;
        }
    }
}

void Worker::reconsider(std::function<void(std::size_t)> done) {
    asio::post(io_, [this, done = std::move(done)] {
        recheck_all();
        done(std::exchange(cuts_, 0));
    });
}

/// Revoked devices are cut at once. When all are refused (other trust, a CRL that closed) they are cut a few
/// at a time, or all would knock in the same moment; the gates refuse their requests meanwhile.
void Worker::recheck_all() {
    const auto snapshot = shared_.snapshots.current();
    const auto now = now_seconds();
    std::size_t turns = std::max(least_turns, sessions_.size() / turns_for_all);
    bool deferred = false;
    for (Session* session : sessions_) {
        const auto became = session->reconsider(*snapshot, now, turns > 0);
        if (became == Session::Reconsidered::cut && turns > 0) --turns;
        deferred |= became == Session::Reconsidered::deferred;
    }
    pool_.close_unused(Clock::now() - snapshot->settings.limits.idle_store);
    next_recheck_ = Clock::now() + (deferred ? tick_interval : recheck_interval);
}

void Worker::drain(std::chrono::milliseconds patience) {
    asio::post(io_, [this, patience] {
        draining_ = true;
        drain_until_ = Clock::now() + patience;
        for (const auto& acceptor : acceptors_) {
            boost::system::error_code ignored;
            acceptor->close(ignored);
        }
        for (Session* session : sessions_)
            session->drain();
        finish_if_empty();
    });
}

void Worker::finish_if_empty() {
    if (draining_ && sessions_.empty()) timer_.cancel();  // wakes `tick`
}

std::string Worker::new_request_id() {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string id(16, '0');
    std::uint64_t bits = random_();
    for (char& c : id) {
        c = digits[bits & 15U];
        bits >>= 4U;
    }
    return id;
}

}  // namespace sallyport::gateway
