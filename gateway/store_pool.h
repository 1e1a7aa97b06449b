#pragma once

#include "gateway/connection.h"
#include "gateway/rules/reason.h"
#include "gateway/settings.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace sallyport::gateway {

/// The length of the whole interim answer (1xx but 101) that `received` begins with; 0 when it begins with
/// anything else.
std::size_t interim_answer_length(std::string_view received) noexcept;

/// One plain connection to the store. Not thread-safe.
class StoreConnection {
  public:
    StoreConnection(boost::asio::ip::tcp::socket socket, bool reused)
        : connection_(std::move(socket)), reused_(reused) {}

    Connection& connection() { return connection_; }
    /// It served a request before, so the store may have closed it meanwhile.
    bool reused() const { return reused_; }

    /// Sends all parts, in one system call where the socket takes them.
    boost::asio::awaitable<IoStatus> write(std::span<const std::string_view> parts);
    enum class Heard { nothing, interim, more };
    /// Takes one whole interim answer (1xx but 101) if that is what has arrived; waits for nothing.
    Heard take_interim();
    /// Waits for the first byte, then takes what is there.
    boost::asio::awaitable<IoResult> read_some(std::span<char> into) {
        return connection_.receive_some(into);
    }

  private:
    Connection connection_;
    bool reused_;
};

/// Connections to the store that one worker keeps. Not thread-safe.
class StorePool {
  public:
    explicit StorePool(boost::asio::io_context& io) : io_(io) {}

    struct Opened {
        std::unique_ptr<StoreConnection> connection;  ///< null on failure
        bool timed_out = false;
        std::string detail;
    };

    /// A kept connection on which nothing has arrived since, or a new one. While it connects, `in_progress`
    /// points to the connection, so that the caller's ticks and cuts reach it.
    boost::asio::awaitable<Opened> open(const SocketAddress& store, std::chrono::milliseconds connect_limit,
                                        bool only_fresh, Connection*& in_progress);

    /// Keeps a connection whose last answer was read to its end.
    void put_back(std::unique_ptr<StoreConnection> connection, const SocketAddress& store,
                  std::size_t keep_at_most);

    void close_all() { idle_.clear(); }

  private:
    boost::asio::io_context& io_;
    SocketAddress store_;  // the idle ones belong to it
    std::vector<boost::asio::ip::tcp::socket> idle_;
};

}  // namespace sallyport::gateway
