#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace sallyport::gateway {

using Clock = std::chrono::steady_clock;

/// How an operation on a connection ended.
enum class IoStatus {
    ok,
    end,          ///< the peer closed in an orderly way
    timed_out,    ///< the deadline passed
    stopped,      ///< `stop` was called: the connection is over
    interrupted,  ///< `interrupt` was called: only this wait is over
    failed,       ///< reset, or a TLS error
};

struct IoResult {
    IoStatus status;
    std::size_t bytes = 0;
};

/// A TCP connection with one deadline for whatever it waits for. Not thread-safe: all calls come from the
/// thread of its executor. Nothing here owns a timer: the worker calls `tick` for all its connections.
class Connection {
  public:
    explicit Connection(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    /// The time until which the following waits may last.
    void expires_after(std::chrono::milliseconds span) {
        deadline_ = Clock::now() + span;
        stall_ = std::chrono::milliseconds::zero();
    }
    /// How long bytes may stand still: the span begins anew whenever a wait ends because some have moved.
    void stalls_after(std::chrono::milliseconds span) {
        deadline_ = Clock::now() + span;
        stall_ = span;
    }
    /// Ends the wait whose deadline has passed. Resolution is that of the worker's ticks. True, once for each
    /// wait, when it has lasted from one tick to the next.
    bool tick(Clock::time_point now);
    /// Ends this connection: the running wait and every later one return `stopped`.
    void stop();
    /// Ends the running wait, if there is one.
    void interrupt();
    bool is_stopped() const { return stopped_; }
    bool is_open() const { return socket_.is_open(); }
    void close();

    boost::asio::ip::tcp::socket& socket() { return socket_; }

    /// Has the last wait ended before a tick saw it?
    bool waited_briefly() const { return ticks_waited_ == 0; }

    /// The last read most likely took all that there was: the next one waits at once, which costs less than
    /// to try. (Waiting looks again, so nothing is missed.)
    bool is_drained() const { return drained_; }
    void set_drained(bool drained) { drained_ = drained; }

    /// Bytes that were worked on, whatever came of them: see `Exchange::turn_is_over`.
    void count_work(std::size_t bytes) { work_ += bytes; }
    std::size_t take_work() { return std::exchange(work_, 0); }

    /// Waits until the socket can be read or written, or its wait is ended.
    boost::asio::awaitable<IoStatus> wait(boost::asio::ip::tcp::socket::wait_type what);

    /// Takes what is there without waiting; nothing when that is nothing.
    std::optional<IoResult> try_receive(std::span<char> into);
    /// Waits for the first byte, then takes what is there. `into` lives until then.
    boost::asio::awaitable<IoResult> receive_some(std::span<char> into);

    /// Sends what the socket takes at once; nothing when a rest is left. `sent` counts along; `more` follows.
    std::optional<IoStatus> try_send(std::string_view from, std::size_t& sent, bool more);
    /// Sends all of `from`, which must live until then; `sent` counts along. An interrupt does not end it.
    boost::asio::awaitable<IoStatus> send_all(std::string_view from, std::size_t& sent);

    /// Says that nothing follows, then takes and drops what the peer still sends, so that a reset does not
    /// destroy what we said last; then closes. Bounded by the deadline and in bytes.
    boost::asio::awaitable<void> drain_and_close();

  private:
    IoStatus waited(boost::system::error_code error);

    boost::asio::ip::tcp::socket socket_;
    Clock::time_point deadline_ = Clock::time_point::max();
    std::chrono::milliseconds stall_{0};  ///< 0: the deadline stays where it is
    bool waiting_ = false;
    unsigned ticks_waited_ = 0;
    std::size_t work_ = 0;
    bool drained_ = false;
    bool stopped_ = false;
    bool timed_out_ = false;
    bool interrupted_ = false;
};

}  // namespace sallyport::gateway
