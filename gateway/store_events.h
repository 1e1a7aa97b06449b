#pragma once

#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/store_upstream.h"

#include <string_view>

namespace sallyport::gateway {

/// Where everybody tells what they see of the store: it changes a server's health, and says so in the event
/// log and in the metrics. Thread-safe.
class StoreEvents {
  public:
    StoreEvents(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

    /// `detail` says what went wrong, if something did.
    void note(const StoreUpstream& upstream, const StoreServer& server, StoreHealth::Sign sign,
              std::string_view detail);

    /// The addresses of an endpoint's name are others now.
    void found(const StoreUpstream& upstream, const StoreEndpoint& endpoint);
    /// They cannot be looked up; those that are known stay.
    void not_found(const StoreUpstream& upstream, const StoreEndpoint& endpoint, std::string_view detail);

  private:
    /// An endpoint is up when one of its addresses is.
    void measure(const StoreUpstream& upstream, const StoreEndpoint& endpoint);

    Metrics& metrics_;
    Log& log_;
};

}  // namespace sallyport::gateway
