#pragma once

#include "gateway/address_limiter.h"
#include "gateway/device_inventory.h"
#include "gateway/device_limiter.h"
#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/snapshot.h"
#include "gateway/store_pool.h"

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sallyport::gateway {

class Session;

/// What all workers share. Outlives them.
struct Shared {
    SnapshotStore& snapshots;
    Metrics& metrics;
    Log& log;
    DeviceInventory& inventory;
    AddressLimiter& handshakes_by_address;
    AddressLimiter& failures_by_address;
    DeviceLimiter& devices;
    StoreEvents& store_events;
    std::atomic<std::uint64_t> handshakes{0};  ///< that go on
    std::atomic<std::uint64_t> connections{0};
    /// Of the newest snapshot that every connection obeys: those that it refuses are closed.
    std::atomic<std::uint64_t> enforced_generation{0};
    std::uint64_t max_connections =
        UINT64_MAX;  ///< what the process's descriptors allow; set before the workers run
};

/// One entry of the configuration's listeners. Lives as long as the server.
struct Listener {
    std::string name;
    std::size_t index;  ///< into Snapshot::listeners
    prometheus::Gauge& connections;
};

/// One listening address. Lives as long as the server.
struct Port {
    int descriptor;  ///< listening socket, shared by all workers
    /// Indices of those that share it; the first is for clients that ask for no server name of another.
    std::vector<std::size_t> listeners;
};

/// A buffer for the body in flight, lent by its worker.
class Block {
  public:
    static constexpr std::size_t bytes = 64 * 1024;
    explicit Block(std::vector<std::unique_ptr<char[]>>& shelf) : shelf_(&shelf) {
        if (shelf.empty()) {
            memory_ = std::make_unique_for_overwrite<char[]>(bytes);
        } else {
            memory_ = std::move(shelf.back());
            shelf.pop_back();
        }
    }
    Block(Block&&) = default;
    Block& operator=(Block&&) = delete;
    ~Block() {
        constexpr std::size_t keep = 16;
        if (memory_ && shelf_->size() < keep) shelf_->push_back(std::move(memory_));
    }
    std::span<char> span() { return {memory_.get(), bytes}; }

  private:
    std::vector<std::unique_ptr<char[]>>* shelf_;
    std::unique_ptr<char[]> memory_;
};

/// One thread of the data path: accepts, serves its connections, keeps its own store connections. Everything
/// in it runs on that thread, except what says otherwise.
class Worker {
  public:
    Worker(Shared& shared, const std::vector<Listener>& listeners, const std::vector<Port>& ports);
    ~Worker();

    void run();
    static constexpr std::uint64_t has_ended = UINT64_MAX;
    /// Any thread: grows by ten a second while the thread turns; `has_ended` once `run` has returned.
    std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

    /// Any thread: looks at every connection again after a snapshot was published; `done` is called on this
    /// worker's thread with the number of connections that were cut since the last time.
    void reconsider(std::function<void(std::size_t)> done);
    /// Any thread: no new connections and requests, idle ones end; `run` returns when the last one is over or
    /// `patience` passed.
    void drain(std::chrono::milliseconds patience);

    Shared& shared() { return shared_; }
    const std::vector<Listener>& listeners() const { return listeners_; }
    StorePool& pool() { return pool_; }
    Metrics::Connections& connections() { return connections_; }
    Metrics::Requests& requests() { return requests_; }
    Block lend_block() { return Block(shelf_); }
    bool draining() const { return draining_; }
    std::string new_request_id();

    /// A connection was cut because its peer is not let in any more.
    void count_cut() { ++cuts_; }

    void enter(Session& session) { sessions_.insert(&session); }
    void leave(Session& session);

  private:
    boost::asio::awaitable<void> accept(const Port& port, boost::asio::ip::tcp::acceptor& acceptor);
    boost::asio::awaitable<void> tick();
    /// False when its address has used up what it may.
    bool admits(const boost::asio::ip::tcp::endpoint& peer, const Port& port, const Limits& limits);
    bool speaks_tls(const Port& port) const;
    bool has_handshakes_left() const;
    bool accept_one(const Port& port, boost::asio::ip::tcp::acceptor& acceptor);
    void start_session(boost::asio::ip::tcp::socket socket, const boost::asio::ip::tcp::endpoint& peer,
                       const Port& port);
    void report_accept_failure(const Port& port, const std::string& detail);
    void recheck_all();
    void finish_if_empty();

    Shared& shared_;
    const std::vector<Listener>& listeners_;
    boost::asio::io_context io_{1};
    boost::asio::steady_timer timer_{io_};
    std::vector<std::unique_ptr<boost::asio::ip::tcp::acceptor>> acceptors_;
    StorePool pool_;
    Metrics::Connections connections_;
    Metrics::Requests requests_;
    std::vector<std::unique_ptr<char[]>> shelf_;
    std::unordered_set<Session*> sessions_;
    std::mt19937_64 random_{std::random_device{}()};  // request ids only: they are no secret
    Clock::time_point next_recheck_;
    std::atomic<std::uint64_t> turns_{0};
    std::size_t cuts_ = 0;
    bool draining_ = false;
    std::optional<Clock::time_point> drain_until_;
};

}  // namespace sallyport::gateway
