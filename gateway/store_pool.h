#pragma once

#include "gateway/store_connector.h"
#include "gateway/store_events.h"
#include "gateway/store_stream.h"
#include "gateway/store_upstream.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace sallyport::gateway {

/// A connection to the store that serves one request: as long as it lives, its server has one more in flight.
/// Not thread-safe.
class StoreConnection {
  public:
    StoreConnection(std::unique_ptr<StoreStream> stream, std::shared_ptr<const StoreServer> server,
                    std::shared_ptr<const StoreUpstream> upstream, bool reused);
    ~StoreConnection();
    StoreConnection(const StoreConnection&) = delete;
    StoreConnection& operator=(const StoreConnection&) = delete;

    StoreStream& stream() { return *stream_; }
    Connection& connection() { return stream_->connection(); }
    /// It served a request before, so the store may have closed it meanwhile.
    bool reused() const { return reused_; }
    const std::shared_ptr<const StoreEndpoint>& endpoint() const { return server_->endpoint; }

  private:
    friend class StorePool;

    // What the stream refers to outlives it.
    std::shared_ptr<const StoreUpstream> upstream_;
    std::shared_ptr<const StoreServer> server_;
    std::unique_ptr<StoreStream> stream_;
    bool reused_;
};

/// Connections to the store that one worker keeps. Not thread-safe.
class StorePool {
  public:
    StorePool(boost::asio::io_context& io, StoreEvents& events) : io_(io), events_(events) {}

    struct Opened {
        std::unique_ptr<StoreConnection> connection;  ///< null on failure
        bool timed_out = false;
        std::string detail = {};
    };

    /// A connection to the server that `choose_server` says: a kept one on which nothing has arrived since
    /// (not with `only_fresh`), or a new one. When it cannot be made the next server is tried: nothing was
    /// sent yet. Each attempt may take `connect_limit`; none begins when twice that has passed. While it
    /// connects, `in_progress` points to the connection, so that the caller's ticks and cuts reach it.
    boost::asio::awaitable<Opened> open(std::shared_ptr<const StoreUpstream> upstream,
                                        std::chrono::milliseconds connect_limit, bool only_fresh,
                                        Connection*& in_progress);

    /// Keeps a connection whose last answer was read to its end, unless its server has `keep_at_most` of
    /// them.
    void put_back(std::unique_ptr<StoreConnection> connection, std::size_t keep_at_most);

    /// Closes those that nobody has used since `before`.
    void close_unused(Clock::time_point before);

  private:
    struct Idle {
        std::unique_ptr<StoreStream> stream;
        Clock::time_point since;
    };
    struct IdleServer {
        std::shared_ptr<const StoreServer> server;  ///< outlives the streams
        std::vector<Idle> connections;              ///< the last used last
    };

    boost::asio::awaitable<void> wait_for_names(std::shared_ptr<const StoreUpstream> upstream,
                                                Clock::time_point until);
    std::shared_ptr<const StoreServer> choose(const StoreServers& servers,
                                              const std::vector<const StoreServer*>& tried);
    std::unique_ptr<StoreStream> take_idle(const StoreServer& server);

    boost::asio::io_context& io_;
    StoreEvents& events_;
    std::shared_ptr<const StoreUpstream> upstream_;  ///< the idle ones belong to it
    std::map<const StoreServer*, IdleServer> idle_;
    std::vector<StoreCandidate> candidates_;  ///< scratch memory
    std::size_t turn_ = 0;
};

}  // namespace sallyport::gateway
