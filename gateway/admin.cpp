#include "gateway/admin.h"

#include "gateway/admin_access.h"
#include "gateway/inventory_views.h"
#include "gateway/wall_clock.h"

#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto patience = 10s;
constexpr auto accept_pause = 50ms;
constexpr unsigned max_connections = 256;  // at a time; more are closed at once

std::int64_t unix_time(std::chrono::sys_seconds time) {
    return time.time_since_epoch().count();
}

}  // namespace

Admin::Admin(const SocketAddress& address, Shared& shared) : shared_(shared) {
    const tcp::endpoint endpoint(asio::ip::make_address(address.host), address.port);
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        throw std::runtime_error("admin: cannot listen on " + address.host + " port " +
                                 std::to_string(address.port) + ": " + error.message());
    }
    asio::co_spawn(io_, accept(), asio::detached);
}

Admin::~Admin() {
    stop();
}

void Admin::start() {
    thread_ = std::thread([this] { io_.run(); });
}

void Admin::stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
}

asio::awaitable<void> Admin::accept() {
    for (;;) {
        auto [error, socket] = co_await acceptor_.async_accept(tuple_awaitable);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {  // no descriptor, no memory: do not spin
            asio::steady_timer pause(io_, accept_pause);
            co_await pause.async_wait(tuple_awaitable);
            continue;
        }
        if (connections_ >= max_connections) continue;
        ++connections_;
        const auto access = shared_.snapshots.current()->admin;
        auto conversation =
            access->tls() ? serve_encrypted(std::move(socket), access->tls()) : serve(std::move(socket));
        asio::co_spawn(io_, std::move(conversation), [this](const std::exception_ptr&) { --connections_; });
    }
}

asio::awaitable<void> Admin::serve(tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    co_await answer_all(stream);
}

asio::awaitable<void> Admin::serve_encrypted(tcp::socket socket, std::shared_ptr<asio::ssl::context> tls) {
    asio::ssl::stream<beast::tcp_stream> stream(beast::tcp_stream(std::move(socket)), *tls);
    beast::get_lowest_layer(stream).expires_after(patience);
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, tuple_awaitable);
    if (error) co_return;
    co_await answer_all(stream);
    beast::get_lowest_layer(stream).expires_after(patience);
    [[maybe_unused]] const auto [unsaid] = co_await stream.async_shutdown(tuple_awaitable);
}

template <class Stream>
asio::awaitable<void> Admin::answer_all(Stream& stream) {
    beast::flat_buffer buffer(16 * 1024);
    for (;;) {
        http::request_parser<http::empty_body> parser;
        beast::get_lowest_layer(stream).expires_after(patience);
        const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, tuple_awaitable);
        if (read_error) co_return;
        const auto& request = parser.get();
        const std::string_view target(request.target().data(), request.target().size());
        std::string_view authorization;
        if (request.count(http::field::authorization) == 1) {
            const auto field = request[http::field::authorization];
            authorization = {field.data(), field.size()};
        }
        Reply reply = admits(target, authorization)
                          ? reply_to({request.method_string().data(), request.method_string().size()}, target)
                          : Reply{401, "text/plain; charset=utf-8", "a token is needed (RFC 6750)\n"};
        http::response<http::string_body> response(http::int_to_status(reply.status), 11);
        response.set(http::field::content_type,
                     beast::string_view(reply.content_type.data(), reply.content_type.size()));
        response.set(http::field::cache_control, "no-store");
        if (reply.status == 401) response.set(http::field::www_authenticate, "Bearer realm=\"sallyport\"");
        response.keep_alive(request.keep_alive());
        response.body() = std::move(reply.body);
        response.prepare_payload();
        beast::get_lowest_layer(stream).expires_after(patience);
        const auto [write_error, written] = co_await http::async_write(stream, response, tuple_awaitable);
        if (write_error || !request.keep_alive()) co_return;
    }
}

bool Admin::admits(std::string_view target, std::string_view authorization) const {
    // Probes of load balancers and orchestrators hold no secrets.
    if (target == "/healthz" || target == "/readyz") return true;
    return shared_.snapshots.current()->admin->admits(authorization);
}

Admin::Reply Admin::reply_to(std::string_view method, std::string_view target) const {
    constexpr std::string_view text = "text/plain; charset=utf-8";
    if (method != "GET") return {405, text, "only GET is served\n"};
    constexpr std::string_view json_type = "application/json";
    if (target == "/metrics") {
        shared_.metrics.known_devices(shared_.inventory.totals());
        return {200, "text/plain; version=0.0.4; charset=utf-8", shared_.metrics.expose()};
    }
    if (target == "/healthz") return {200, text, "ok\n"};
    if (target == "/readyz") return readiness();
    if (target == "/status") return {200, json_type, status()};
    if (target == "/status?view=devices") return {200, json_type, devices_view(shared_.inventory)};
    if (target == "/status?view=shadow") return {200, json_type, shadow_view(shared_.inventory)};
    return {404, text, "/metrics /healthz /readyz /status /status?view=devices /status?view=shadow\n"};
}

namespace {

json::object crl_object(const pki::CrlFacts& crl) {
    json::object object{{"issuer", crl.issuer_name},
                        {"number", crl.number},
                        {"entries", crl.entries},
                        {"this_update", unix_time(crl.this_update)},
                        {"next_update", unix_time(crl.next_update)},
                        {"origin", crl.origin},
                        {"sha256", crl.sha256}};
    if (crl.is_delta()) object["base_number"] = crl.base;
    if (!crl.point_text.empty()) object["distribution_point"] = crl.point_text;
    return object;
}

json::object endpoint_object(const StoreUpstream& upstream, const StoreEndpoint& endpoint) {
    json::array addresses;
    const auto servers = upstream.servers();
    for (const auto& server : *servers) {
        if (server->endpoint.get() != &endpoint) continue;
        addresses.push_back({{"address", server->address_text()},
                             {"up", server->state->up()},
                             {"requests", server->state->in_flight.load()}});
    }
    return {{"endpoint", endpoint.label}, {"addresses", std::move(addresses)}};
}

}  // namespace

Admin::Reply Admin::readiness() const {
    // An aged CRL does not make a replica unready: all replicas have the same one, and none would be left.
    const auto snapshot = shared_.snapshots.current();
    const auto now = now_seconds();
    std::string body = draining_ ? "draining\n" : "ready\n";
    for (const pki::RevocationList& list : snapshot->revocation.lists()) {
        const pki::CrlFacts& crl = list.newest();
        body += "crl " + std::string(pki::to_string(snapshot->revocation.state(list, now))) + ", number " +
                crl.number + ", " + crl.issuer_name +
                (crl.point_text.empty() ? "" : ", distribution point " + crl.point_text) + "\n";
    }
    return {draining_ ? 503U : 200U, "text/plain; charset=utf-8", std::move(body)};
}

std::string Admin::status() const {
    const auto snapshot = shared_.snapshots.current();
    const auto now = now_seconds();
    json::array crls;
    for (const pki::RevocationList& list : snapshot->revocation.lists()) {
        json::object object = crl_object(list.newest());
        object["entries"] = list.size();
        object["state"] = pki::to_string(snapshot->revocation.state(list, now));
        if (list.delta()) object["applied_to"] = crl_object(list.complete()->facts);
        crls.push_back(std::move(object));
    }
    json::array listeners;
    for (std::size_t i = 0; i < snapshot->listeners.size(); ++i) {
        const SocketAddress& address = snapshot->settings.listeners[i].address;
        const auto& not_after = snapshot->listeners[i].certificate_not_after;
        listeners.push_back({{"name", snapshot->listeners[i].name},
                             {"mode", to_string(snapshot->listeners[i].mode)},
                             {"shadow", snapshot->listeners[i].admission->is_shadow()},
                             {"ramp_percent", snapshot->listeners[i].ramp.percent},
                             {"address", address.host},
                             {"port", address.port},
                             {"hosts", json::value_from(snapshot->listeners[i].hosts)},
                             {"certificate_not_after",
                              not_after ? json::value(unix_time(*not_after)) : json::value(nullptr)}});
    }
    json::array agreed;
    for (const auto& [what, devices] : shared_.inventory.totals()) {
        const auto& [version, cipher, key_bits] = what;
        agreed.push_back(
            {{"version", version}, {"cipher", cipher}, {"key_bits", key_bits}, {"devices", devices}});
    }
    json::array endpoints;
    for (const auto& endpoint : snapshot->upstream->endpoints())
        endpoints.push_back(endpoint_object(*snapshot->upstream, *endpoint));
    const json::value document = {{"version", SALLYPORT_VERSION},
                                  {"started", std::chrono::system_clock::to_time_t(started_)},
                                  {"draining", draining_.load()},
                                  {"generation", snapshot->generation},
                                  {"enforced_generation", shared_.enforced_generation.load()},
                                  {"connections", shared_.connections.load()},
                                  {"listeners", std::move(listeners)},
                                  {"known_devices", std::move(agreed)},
                                  {"store", std::move(endpoints)},
                                  {"crls", std::move(crls)}};
    return json::serialize(document) + "\n";
}

}  // namespace sallyport::gateway
