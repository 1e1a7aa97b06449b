#include "gateway/store_upstream.h"

#include <algorithm>

namespace sallyport::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

bool StoreServerState::note(StoreHealth::Sign sign, StoreHealth::TimePoint now) {
    // Nearly every request says that all is as it was.
    if (sign == StoreHealth::Sign::connected && up()) return false;
    const std::lock_guard lock(mutex_);
    const bool changed = health_.note(sign, now);
    up_.store(health_.up(), std::memory_order_relaxed);
    return changed;
}

std::string StoreServer::address_text() const {
    const std::string host = address.address().to_string();
    return (address.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(address.port());
}

StoreUpstream::StoreUpstream(StoreSettings settings, std::shared_ptr<const pki::TlsClient> tls,
                             std::string tls_inputs, const StoreUpstream* previous)
    : settings_(std::move(settings)), tls_(std::move(tls)), tls_inputs_(std::move(tls_inputs)) {
    const StoreServers known = previous == nullptr ? StoreServers{} : *previous->servers();
    StoreServers servers;
    for (const StoreUrl& url : settings_.endpoints) {
        const std::size_t index = endpoints_.size();
        const std::string& name = settings_.tls.server_name.empty() ? url.host : settings_.tls.server_name;
        endpoints_.push_back(std::make_shared<const StoreEndpoint>(url, url.text(), name));
        was_looked_up_.push_back(!url.is_name);
        if (!url.is_name) {
            servers.push_back(make_server(index, url.host, known));
            continue;
        }
        for (const auto& server : known) {
            if (server->endpoint->url.host != url.host || server->endpoint->url.port != url.port) continue;
            servers.push_back(make_server(index, server->address.address().to_string(), known));
            was_looked_up_.back() = true;
        }
        if (!was_looked_up_.back()) ++unknown_names_;
    }
    servers_ = std::make_shared<const StoreServers>(std::move(servers));
}

std::shared_ptr<const StoreServers> StoreUpstream::servers() const {
    const std::lock_guard lock(mutex_);
    return servers_;
}

std::vector<std::string> StoreUpstream::addresses(std::size_t endpoint) const {
    std::vector<std::string> texts;
    const auto all = servers();  // must outlive the loop: another thread may swap them
    for (const auto& server : *all) {
        if (server->endpoint == endpoints_[endpoint]) texts.push_back(server->address.address().to_string());
    }
    return texts;
}

std::shared_ptr<const StoreServer> StoreUpstream::make_server(std::size_t endpoint,
                                                              const std::string& address,
                                                              const StoreServers& known) const {
    const tcp::endpoint at(asio::ip::make_address(address), endpoints_[endpoint]->url.port);
    const auto same = std::ranges::find_if(known, [&](const auto& server) { return server->address == at; });
    auto state = same == known.end() ? std::make_shared<StoreServerState>() : (*same)->state;
    return std::make_shared<const StoreServer>(StoreServer{endpoints_[endpoint], at, std::move(state)});
}

void StoreUpstream::looked_up(std::size_t endpoint, const std::vector<std::string>& addresses) {
    const auto known = servers();
    if (!addresses.empty()) {
        StoreServers servers;
        for (std::size_t i = 0; i < endpoints_.size(); ++i) {
            const auto is_of_endpoint = [&](const auto& server) { return server->endpoint == endpoints_[i]; };
            if (i != endpoint) {
                std::ranges::copy_if(*known, std::back_inserter(servers), is_of_endpoint);
                continue;
            }
            for (const std::string& address : addresses) {
                auto server = make_server(i, address, *known);
                const auto is_same = [&](const auto& old) {
                    return is_of_endpoint(old) && old->address == server->address;
                };
                const auto stays = std::ranges::find_if(*known, is_same);  // with its idle connections
                servers.push_back(stays == known->end() ? std::move(server) : *stays);
            }
        }
        auto next = std::make_shared<const StoreServers>(std::move(servers));
        const std::lock_guard lock(mutex_);
        servers_.swap(next);
    }
    if (!was_looked_up_[endpoint]) {
        was_looked_up_[endpoint] = true;
        unknown_names_.fetch_sub(1, std::memory_order_release);
    }
}

}  // namespace sallyport::gateway
