#pragma once

#include "gateway/rules/store_health.h"
#include "gateway/store_settings.h"
#include "pki/tls_client.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

namespace sallyport::gateway {

/// One of `store.endpoints`. Lives as long as anybody needs it.
struct StoreEndpoint {
    StoreUrl url;
    std::string label;                          ///< `url.text()`
    std::string tls_name;                       ///< what its certificate must say
    mutable pki::ClientSessions sessions = {};  ///< of the TLS client of its upstream
};

/// What is known of one address of the store. Outlives reloads that keep the address. Thread-safe.
class StoreServerState {
  public:
    /// True when it went up or down.
    bool note(StoreHealth::Sign sign, StoreHealth::TimePoint now);
    bool up() const noexcept { return up_.load(std::memory_order_relaxed); }

    /// Of all workers.
    std::atomic<unsigned> in_flight{0};

  private:
    std::mutex mutex_;
    StoreHealth health_;
    std::atomic<bool> up_{true};
};

/// One address of one endpoint: what a connection is made to.
struct StoreServer {
    std::shared_ptr<const StoreEndpoint> endpoint;
    boost::asio::ip::tcp::endpoint address;
    std::shared_ptr<StoreServerState> state;

    /// "10.0.0.7:9000" or "[fd00::7]:9000".
    std::string address_text() const;
};
using StoreServers = std::vector<std::shared_ptr<const StoreServer>>;

/// The store of one configuration: what its endpoints are and where. The addresses of names come and go, the
/// rest never changes. Thread-safe.
class StoreUpstream {
  public:
    /// `tls` is null for http:// stores; `tls_inputs` digests what it was made of. What `previous` (may be
    /// null) knows of the same addresses and names is taken over.
    StoreUpstream(StoreSettings settings, std::shared_ptr<const pki::TlsClient> tls, std::string tls_inputs,
                  const StoreUpstream* previous);

    const StoreSettings& settings() const { return settings_; }
    const std::shared_ptr<const pki::TlsClient>& tls() const { return tls_; }
    const std::string& tls_inputs() const { return tls_inputs_; }
    const std::vector<std::shared_ptr<const StoreEndpoint>>& endpoints() const { return endpoints_; }

    /// All addresses of all endpoints, in their order. Empty as long as no name was found.
    std::shared_ptr<const StoreServers> servers() const;
    /// The addresses of one endpoint as text, without port.
    std::vector<std::string> addresses(std::size_t endpoint) const;
    /// Is there a name whose first look-up has not ended?
    bool awaits_names() const { return unknown_names_.load(std::memory_order_acquire) > 0; }

    /// What a look-up of an endpoint's name found; keeps the state of addresses that stay. Nothing found:
    /// changes nothing. Called by one thread.
    void looked_up(std::size_t endpoint, const std::vector<std::string>& addresses);

  private:
    std::shared_ptr<const StoreServer> make_server(std::size_t endpoint, const std::string& address,
                                                   const StoreServers& known) const;

    const StoreSettings settings_;
    const std::shared_ptr<const pki::TlsClient> tls_;
    const std::string tls_inputs_;
    std::vector<std::shared_ptr<const StoreEndpoint>> endpoints_;
    std::vector<bool> was_looked_up_;  ///< of the thread that calls `looked_up`
    std::atomic<std::size_t> unknown_names_{0};
    mutable std::mutex mutex_;
    std::shared_ptr<const StoreServers> servers_;
};

}  // namespace sallyport::gateway
