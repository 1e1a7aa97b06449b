#include "gateway/admin.h"

#include "gateway/admin_access.h"
#include "gateway/admin_question.h"
#include "gateway/status_view.h"
#include "gateway/wall_clock.h"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
constexpr auto patience = 10s;
constexpr auto accept_pause = 50ms;
/// At a time; for one more, who has waited longest without a word goes.
constexpr unsigned max_connections = 256;
constexpr int send_buffer_bytes = 128 * 1024;

constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::string_view json_type = "application/json";
constexpr std::string_view csv_type = "text/csv; charset=utf-8; header=present";

std::string_view text_of(beast::string_view text) {
    return {text.data(), text.size()};
}

/// Makes it one chunk (RFC 9112 7.1).
void frame(std::string& piece) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    piece.insert(0, size);
    piece += "\r\n";
}

/// Fields that keep a browser from taking an answer for what it is not, or giving it to another site.
void harden(http::response_header<>& head) {
    head.set(http::field::cache_control, "no-store");
    head.set("X-Content-Type-Options", "nosniff");
    head.set("Referrer-Policy", "no-referrer");
    head.set("Cross-Origin-Resource-Policy", "same-origin");
    head.set("X-Frame-Options", "DENY");
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
        if (connections_ >= max_connections) {
            if (waiting_.empty()) continue;
            waiting_.front()->send_away();
        }
        ++connections_;
        // Else the kernel keeps megabytes for each of those who ask and do not read.
        boost::system::error_code unset;
        socket.set_option(asio::socket_base::send_buffer_size(send_buffer_bytes), unset);
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
    std::optional<Waiting> waiting;
    waiting.emplace(waiting_, beast::get_lowest_layer(stream));
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, tuple_awaitable);
    waiting.reset();
    if (error) co_return;
    co_await answer_all(stream);
    beast::get_lowest_layer(stream).expires_after(patience);
    waiting.emplace(waiting_, beast::get_lowest_layer(stream));
    [[maybe_unused]] const auto [unsaid] = co_await stream.async_shutdown(tuple_awaitable);
}

template <class Stream>
asio::awaitable<void> Admin::answer_all(Stream& stream) {
    beast::flat_buffer buffer(16 * 1024);
    for (;;) {
        http::request_parser<http::empty_body> parser;
        beast::get_lowest_layer(stream).expires_after(patience);
        std::optional<Waiting> waiting;
        waiting.emplace(waiting_, beast::get_lowest_layer(stream));
        const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, tuple_awaitable);
        waiting.reset();
        if (read_error) co_return;
        const auto& request = parser.get();
        Reply reply = reply_to_all(request);
        const bool keep_alive = request.keep_alive() && (!reply.view || request.version() >= 11);
        if (reply.view) {
            const bool sent = co_await send_view(stream, reply, request.version() >= 11, keep_alive);
            if (!sent) co_return;
        } else {
            const bool sent = co_await send_text(stream, reply, keep_alive);
            if (!sent) co_return;
        }
        if (!keep_alive) co_return;
    }
}

template <class Stream>
asio::awaitable<bool> Admin::send_text(Stream& stream, Reply& reply, bool keep_alive) {
    http::response<http::string_body> response(head_of(reply));
    response.keep_alive(keep_alive);
    response.body() = std::move(reply.body);
    response.prepare_payload();
    beast::get_lowest_layer(stream).expires_after(patience);
    const Waiting waiting(waiting_, beast::get_lowest_layer(stream));
    const auto [error, written] = co_await http::async_write(stream, response, tuple_awaitable);
    co_return !error;
}

/// In chunks: other connections have their turn between two of them.
template <class Stream>
asio::awaitable<bool> Admin::send_view(Stream& stream, Reply& reply, bool chunked, bool keep_alive) {
    http::response<http::empty_body> response(head_of(reply));
    response.keep_alive(keep_alive);
    response.chunked(chunked);
    http::response_serializer<http::empty_body> serializer(response);
    beast::get_lowest_layer(stream).expires_after(patience);
    std::optional<Waiting> waiting;
    waiting.emplace(waiting_, beast::get_lowest_layer(stream));
    const auto [head_error, head] = co_await http::async_write_header(stream, serializer, tuple_awaitable);
    if (head_error) co_return false;
    for (std::string piece = reply.view->next(); !piece.empty(); piece = reply.view->next()) {
        std::string chunk = std::move(piece);
        if (chunked) frame(chunk);
        beast::get_lowest_layer(stream).expires_after(patience);
        waiting.emplace(waiting_, beast::get_lowest_layer(stream));
        const auto [error, written] =
            co_await asio::async_write(stream, asio::buffer(chunk), tuple_awaitable);
        if (error) co_return false;
    }
    if (!chunked) co_return true;
    constexpr std::string_view last_chunk = "0\r\n\r\n";
    beast::get_lowest_layer(stream).expires_after(patience);
    waiting.emplace(waiting_, beast::get_lowest_layer(stream));
    const auto [error, written] = co_await asio::async_write(
        stream, asio::buffer(last_chunk.data(), last_chunk.size()), tuple_awaitable);
    co_return !error;
}

http::response_header<> Admin::head_of(const Reply& reply) const {
    http::response_header<> head;
    head.version(11);
    head.result(reply.status);
    head.set(http::field::content_type,
             beast::string_view(reply.content_type.data(), reply.content_type.size()));
    harden(head);
    if (reply.status == 401) head.set(http::field::www_authenticate, "Bearer realm=\"sallyport\"");
    if (reply.is_page) head.set("Content-Security-Policy", page_.policy());
    if (reply.view && reply.content_type == csv_type) {
        head.set(http::field::content_disposition, "attachment; filename=\"sallyport-devices.csv\"");
    }
    return head;
}

bool Admin::is_named_as_local(const Request& request) {
    const auto fields = request.count(http::field::host);
    return fields == 0 || (fields == 1 && is_address_or_localhost(text_of(request[http::field::host])));
}

Admin::Reply Admin::reply_to_all(const Request& request) const {
    const auto question = read_admin_target(text_of(request.target()));
    std::string_view authorization;
    if (request.count(http::field::authorization) == 1)
        authorization = text_of(request[http::field::authorization]);
    const AdminPage* const page = question ? std::get_if<AdminPage>(&*question) : nullptr;
    // Probes of load balancers and orchestrators hold no secrets, and the page itself holds no data.
    const bool is_open = page != nullptr && (*page == AdminPage::healthz || *page == AdminPage::readyz ||
                                             *page == AdminPage::status_page);
    const auto access = shared_.snapshots.current()->admin;  // a reload may replace the snapshot meanwhile
    if (!is_open && !access->admits(authorization)) return {401, text_type, "a token is needed (RFC 6750)\n"};
    const bool is_for_machines = is_open || (page != nullptr && *page == AdminPage::metrics);
    if (!is_for_machines && !access->asks_for_token() && !is_named_as_local(request)) {
        return {
            421, text_type,
            "without admin.token this listener answers to an IP address or localhost only, not to a name\n"};
    }
    if (request.method() != http::verb::get) return {405, text_type, "only GET is served\n"};
    if (!question) return {400, text_type, question.error().message};
    if (page != nullptr) return reply_to(*page);
    const auto& about_devices = std::get<InventoryQuestion>(*question);
    const bool is_csv = about_devices.format == InventoryQuestion::Format::csv;
    Reply reply{200, is_csv ? csv_type : json_type};
    reply.view.emplace(shared_.inventory, about_devices, now_seconds());
    return reply;
}

Admin::Reply Admin::reply_to(AdminPage page) const {
    switch (page) {
        case AdminPage::status_page: {
            Reply reply{200, "text/html; charset=utf-8", page_.html()};
            reply.is_page = true;
            return reply;
        }
        case AdminPage::metrics:
            shared_.metrics.known_devices(shared_.inventory.totals());
            return {200, "text/plain; version=0.0.4; charset=utf-8", shared_.metrics.expose()};
        case AdminPage::healthz:
            return {200, text_type, "ok\n"};
        case AdminPage::readyz:
            return {draining_ ? 503U : 200U, text_type, readiness_view(shared_, draining_)};
        case AdminPage::status:
            return {200, json_type, status_view(shared_, {started_, draining_})};
        case AdminPage::events:
            return {200, json_type, events_view(shared_.log.recent())};
        case AdminPage::nothing:
            break;
    }
    return {404, text_type,
            "/ /metrics /healthz /readyz /status /status?view=devices /status?view=shadow "
            "/status?view=events\n"};
}

}  // namespace sallyport::gateway
