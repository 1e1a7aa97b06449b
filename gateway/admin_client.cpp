#include "gateway/admin_client.h"

#include <exception>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
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

/// The referred to live until the coroutine has ended: `ask_admin` waits for it.
struct Question {
    const SocketAddress& address;
    std::string_view target;
    std::uint64_t max_bytes;
    std::chrono::seconds patience;
};

asio::awaitable<void> ask(asio::io_context& io, Question question, AdminAnswer& answer) {
    beast::tcp_stream stream(io);
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(question.address.host),
                                           question.address.port);
    stream.expires_after(question.patience);
    co_await stream.async_connect(endpoint, asio::use_awaitable);
    http::request<http::empty_body> request(
        http::verb::get, beast::string_view(question.target.data(), question.target.size()), 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "close");
    stream.expires_after(question.patience);
    co_await http::async_write(stream, request, asio::use_awaitable);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(question.max_bytes);
    stream.expires_after(question.patience);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    answer.status = parser.get().result_int();
    answer.body = std::move(parser.get().body());
}

}  // namespace

AdminAnswer ask_admin(const SocketAddress& address, std::string_view target, std::uint64_t max_bytes,
                      std::chrono::seconds patience) {
    AdminAnswer answer;
    std::string failure;
    asio::io_context io{1};
    asio::co_spawn(io, ask(io, {address, target, max_bytes, patience}, answer),
                   [&failure](std::exception_ptr thrown) {
                       if (!thrown) return;
                       try {
                           std::rethrow_exception(thrown);
                       } catch (const std::exception& error) {
                           failure = error.what();
                       }
                   });
    io.run();
    if (failure.empty()) return answer;
    throw std::runtime_error("no answer from the admin listener at " + address.host + " port " +
                             std::to_string(address.port) + ": " + failure + "; does the gateway run?");
}

}  // namespace sallyport::gateway
