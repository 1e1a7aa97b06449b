#include "gateway/store_pool.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds name_poll{10};

}  // namespace

StoreConnection::StoreConnection(std::unique_ptr<StoreStream> stream,
                                 std::shared_ptr<const StoreServer> server,
                                 std::shared_ptr<const StoreUpstream> upstream, bool reused)
    : upstream_(std::move(upstream)),
      server_(std::move(server)),
      stream_(std::move(stream)),
      reused_(reused) {
    server_->state->in_flight.fetch_add(1, std::memory_order_relaxed);
}

StoreConnection::~StoreConnection() {
    // What a cut device has sent, and the kernel not yet, goes nowhere. (The pool may have taken the stream.)
    if (stream_ && connection().is_stopped()) connection().close();
    server_->state->in_flight.fetch_sub(1, std::memory_order_relaxed);
}

/// Only at a start, and after a reload that brought a name: until its first look-up has ended.
asio::awaitable<void> StorePool::wait_for_names(std::shared_ptr<const StoreUpstream> upstream,
                                                Clock::time_point until) {
    asio::steady_timer timer(io_);
    while (upstream->servers()->empty() && upstream->awaits_names() && Clock::now() < until) {
        timer.expires_after(name_poll);
        co_await timer.async_wait(tuple_awaitable);
    }
}

std::shared_ptr<const StoreServer> StorePool::choose(const StoreServers& servers,
                                                     const std::vector<const StoreServer*>& tried) {
    candidates_.clear();
    for (const auto& server : servers) {
        candidates_.push_back({server->state->up(), std::ranges::find(tried, server.get()) != tried.end(),
                               server->state->in_flight.load(std::memory_order_relaxed)});
    }
    const auto chosen = choose_server(candidates_, turn_++);
    return chosen ? servers[*chosen] : nullptr;
}

std::unique_ptr<StoreStream> StorePool::take_idle(const StoreServer& server) {
    const auto found = idle_.find(&server);
    if (found == idle_.end()) return nullptr;
    auto& connections = found->second.connections;
    while (!connections.empty()) {
        auto stream = std::move(connections.back().stream);
        connections.pop_back();
        if (stream->is_quiet()) return stream;
    }
    return nullptr;
}

asio::awaitable<StorePool::Opened> StorePool::open(std::shared_ptr<const StoreUpstream> upstream,
                                                   std::chrono::milliseconds connect_limit, bool only_fresh,
                                                   Connection*& in_progress) {
    using Failure = StoreConnect::Failure;
    if (upstream != upstream_) {  // a reload changed the store
        idle_.clear();
        upstream_ = upstream;
    }
    const auto begun = Clock::now();
    if (upstream->awaits_names()) co_await wait_for_names(upstream, begun + connect_limit);
    Opened failed{nullptr, false, "no address of the store is known: its name was not found"};
    std::vector<const StoreServer*> tried;
    for (;;) {
        const auto servers = upstream->servers();
        const auto server = choose(*servers, tried);
        if (!server || (!tried.empty() && Clock::now() > begun + 2 * connect_limit)) co_return failed;
        if (!only_fresh) {
            if (auto idle = take_idle(*server)) {
                co_return Opened{
                    std::make_unique<StoreConnection>(std::move(idle), server, std::move(upstream), true)};
            }
        }
        StoreConnect made =
            co_await connect_to_store(io_, server, upstream->tls(), connect_limit, in_progress);
        if (made.failure == Failure::none) {
            events_.note(*upstream, *server, StoreHealth::Sign::connected, "");
            co_return Opened{std::make_unique<StoreConnection>(std::move(made.stream), server,
                                                               std::move(upstream), false)};
        }
        failed = {nullptr, made.failure == Failure::timed_out, server->endpoint->label + ": " + made.detail};
        if (made.failure == Failure::stopped) co_return failed;
        if (made.failure == Failure::ours) {
            if (idle_.empty()) co_return failed;
            idle_.clear();  // what they hold may be what is missing
            continue;
        }
        events_.note(*upstream, *server, StoreHealth::Sign::connect_failed, made.detail);
        tried.push_back(server.get());
    }
}

void StorePool::put_back(std::unique_ptr<StoreConnection> connection, std::size_t keep_at_most) {
    if (connection->upstream_ != upstream_ || connection->connection().is_stopped()) return;
    IdleServer& idle = idle_[connection->server_.get()];
    idle.server = connection->server_;
    if (idle.connections.size() >= keep_at_most) return;
    connection->stream_->release_memory();
    idle.connections.push_back({std::move(connection->stream_), Clock::now()});
}

void StorePool::close_unused(Clock::time_point before) {
    for (auto server = idle_.begin(); server != idle_.end();) {
        auto& connections = server->second.connections;
        const auto is_used = [&](const Idle& idle) { return idle.since >= before; };
        connections.erase(connections.begin(), std::ranges::find_if(connections, is_used));
        server = connections.empty() ? idle_.erase(server) : std::next(server);
    }
}

}  // namespace sallyport::gateway
