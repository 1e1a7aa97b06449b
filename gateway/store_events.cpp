#include "gateway/store_events.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

std::string addresses_text(const StoreUpstream& upstream, const StoreEndpoint& endpoint) {
    std::string text;
    const auto servers = upstream.servers();
    for (const auto& server : *servers) {
        if (server->endpoint.get() == &endpoint) text += (text.empty() ? "" : " ") + server->address_text();
    }
    return text;
}

}  // namespace

void StoreEvents::note(const StoreUpstream& upstream, const StoreServer& server, StoreHealth::Sign sign,
                       std::string_view detail) {
    const bool changed = server.state->note(sign, StoreHealth::TimePoint::clock::now());
    measure(upstream, *server.endpoint);
    if (!changed) return;
    const bool up = server.state->up();
    log_.event(
        up ? Log::Level::info : Log::Level::error, up ? "store_up" : "store_down",
        {{"endpoint", server.endpoint->label}, {"address", server.address_text()}, {"detail", detail}});
}

void StoreEvents::found(const StoreUpstream& upstream, const StoreEndpoint& endpoint) {
    measure(upstream, endpoint);
    log_.event(Log::Level::info, "store_name",
               {{"endpoint", endpoint.label},
                {"result", "found"},
                {"addresses", addresses_text(upstream, endpoint)}});
}

void StoreEvents::not_found(const StoreUpstream& upstream, const StoreEndpoint& endpoint,
                            std::string_view detail) {
    measure(upstream, endpoint);
    log_.event(Log::Level::error, "store_name",
               {{"endpoint", endpoint.label},
                {"result", "failed"},
                {"addresses", addresses_text(upstream, endpoint)},
                {"detail", std::string(detail) + "; the addresses that are known stay in use"}});
}

void StoreEvents::measure(const StoreUpstream& upstream, const StoreEndpoint& endpoint) {
    const auto servers = upstream.servers();
    const bool up = std::ranges::any_of(*servers, [&](const auto& server) {
        return server->endpoint.get() == &endpoint && server->state->up();
    });
    metrics_.upstream_up(endpoint.label, up);
}

}  // namespace sallyport::gateway
