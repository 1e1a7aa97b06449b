#pragma once

#include "gateway/name_lookup.h"
#include "gateway/rules/name_addresses.h"
#include "gateway/store_connector.h"
#include "gateway/store_events.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sallyport::gateway {

/// Looks after the store on a thread of its own: checks each server every `store.health_check.interval`, and
/// looks names up every `store.resolve_interval`. Requests never wait for it.
class StoreWatch {
  public:
    explicit StoreWatch(StoreEvents& events, NameLookup::LookUp look_up = look_up_by_system);
    ~StoreWatch();
    StoreWatch(const StoreWatch&) = delete;
    StoreWatch& operator=(const StoreWatch&) = delete;

    /// Any thread: from now on looks after this one.
    void follow(std::shared_ptr<StoreUpstream> upstream);

    void start();
    void stop();

  private:
    /// Of one server. A check that goes on keeps it.
    struct Check {
        std::shared_ptr<const StoreServer> server;
        Clock::time_point next = {};
        bool running = false;
        Connection* in_progress = nullptr;
    };
    struct Outcome {
        std::optional<StoreHealth::Sign> sign;  ///< nothing when nothing was learned
        std::string detail = {};
    };

    void take_up(std::shared_ptr<StoreUpstream> upstream);
    boost::asio::awaitable<void> run();
    void look_up_names(Clock::time_point now);
    void name_looked_up(const std::shared_ptr<StoreUpstream>& upstream, std::size_t endpoint,
                        FoundAddresses found);
    void follow_addresses();
    void begin_checks(Clock::time_point now);
    boost::asio::awaitable<void> check(std::shared_ptr<Check> check, std::shared_ptr<StoreUpstream> upstream);
    boost::asio::awaitable<Outcome> try_server(std::shared_ptr<Check> check,
                                               std::shared_ptr<StoreUpstream> upstream);
    static boost::asio::awaitable<Outcome> ask(StoreStream& stream, std::string request);

    StoreEvents& events_;
    std::shared_ptr<StoreUpstream> upstream_;  // this and the following: of the thread
    std::vector<NameAddresses> names_;         ///< one for each endpoint; those of addresses stay unused
    std::shared_ptr<const StoreServers> checked_servers_;
    std::vector<std::shared_ptr<Check>> checks_;
    boost::asio::io_context io_{1};
    boost::asio::steady_timer timer_{io_};
    NameLookup lookup_;  // posts to io_, which therefore outlives it
    std::thread thread_;
};

}  // namespace sallyport::gateway
