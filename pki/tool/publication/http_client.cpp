#include "pki/tool/publication/http_client.h"

#include "pki/tool/publication/name_lookup.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace sallyport::pki {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Kind = HttpProblem::Kind;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t max_head_bytes = 16 * 1024;
constexpr int max_interim_answers = 8;

beast::string_view view_of(std::string_view text) {
    return {text.data(), text.size()};
}

std::string text_of(std::chrono::milliseconds span) {
    constexpr std::chrono::milliseconds::rep second = 1000;
    const auto count = span.count();
    return count % second == 0 ? std::to_string(count / second) + " s" : std::to_string(count) + " ms";
}

/// One exchange: the steps of a connection one after the other, each of which ends at the deadline at last.
class Exchange {
  public:
    Exchange(const WebAddress& server, const HttpLimits& limits)
        : server_(server), limits_(limits), deadline_(Clock::now() + limits.deadline) {}

    std::optional<HttpProblem> connect() {
        const auto found = look_up(server_.host, deadline_);
        if (!found) return timed_out("the look-up of its name did not end");
        if (found->addresses.empty()) return HttpProblem{Kind::connection, "not found: " + found->problem};
        error_code error = asio::error::not_connected;
        for (std::size_t i = 0; i < found->addresses.size() && error; ++i) {
            const auto address = asio::ip::make_address(found->addresses[i], error);
            if (error) continue;
            // One that does not answer leaves time for the others.
            const auto now = Clock::now();
            const auto share = (deadline_ - now) / static_cast<int>(found->addresses.size() - i);
            tcp_.close();
            error = run_until(now + share, [&](auto done) {
                tcp_.async_connect({address, server_.port}, std::move(done));
            });
        }
        if (error) return problem_of(error, "no connection");
        tcp_.socket().set_option(asio::ip::tcp::no_delay(true), error);
        return std::nullopt;
    }

    std::optional<HttpProblem> handshake(const TlsClient& client, ClientSessions& sessions) {
        SslPtr connection = client.new_connection(server_.host, sessions);
        if (!connection) return HttpProblem{Kind::tls, "cannot set up TLS: out of memory?"};
        tls_.emplace(tcp_, connection.release());  // which owns it from here on
        const error_code error = run_until(deadline_, [&](auto done) {
            tls_->async_handshake(asio::ssl::stream_base::client, std::move(done));
        });
        if (!error) return std::nullopt;
        if (const auto why = verification_problem(*tls_->native_handle()); !why.empty())
            return HttpProblem{Kind::tls, "its certificate is not trusted: " + why};
        return problem_of(error, "no TLS handshake");
    }

    HttpResult converse(const http::request<http::span_body<const char>>& request) {
        const error_code error = tls_ ? converse_over(*tls_, request) : converse_over(tcp_, request);
        if (error) return problem_of(error, "no whole answer");
        // Without a length, one that was cut would pass for whole.
        if (parser_->need_eof()) {
            return HttpProblem{Kind::malformed,
                               "its answer (" + std::to_string(parser_->get().result_int()) +
                                   ") does not say how long it is: Content-Length is missing"};
        }
        HttpAnswer answer{parser_->get().result_int()};
        const auto location = parser_->get()[http::field::location];
        answer.location.assign(location.data(), location.size());
        answer.body = std::move(parser_->get().body());
        return answer;
    }

  private:
    template <class Start>
    error_code run_until(Clock::time_point deadline, const Start& start) {
        error_code result = asio::error::operation_aborted;
        tcp_.expires_at(deadline);
        start([&result](error_code error, auto&&...) { result = error; });
        io_.restart();
        io_.run();
        return result;
    }

    /// Sends and reads at a time: a server that refuses a body need not take all of it.
    template <class Stream>
    error_code converse_over(Stream& stream, const http::request<http::span_body<const char>>& request) {
        error_code result = asio::error::operation_aborted;
        bool is_sent = false;
        tcp_.expires_at(deadline_);
        http::async_write(stream, request, [&](error_code, std::size_t) { is_sent = true; });
        read_answer(stream, [&](error_code error) {
            result = error;
            if (!is_sent) tcp_.close();
        });
        io_.restart();
        io_.run();
        return result;
    }

    template <class Stream, class Done>
    void read_answer(Stream& stream, Done done) {
        parser_.emplace();
        parser_->header_limit(max_head_bytes);
        parser_->body_limit(limits_.answer_bytes);
        http::async_read(stream, buffer_, *parser_, [this, &stream, done](error_code error, std::size_t) {
            // RFC 9110 15.2: interim answers may come unasked.
            const bool is_interim = !error && parser_->get().result_int() / 100 == 1;
            if (is_interim && ++interim_answers_ <= max_interim_answers) return read_answer(stream, done);
            done(is_interim ? error_code(http::error::bad_status) : error);
        });
    }

    HttpProblem timed_out(const std::string& doing) const {
        return {Kind::timeout, doing + " within " + text_of(limits_.deadline)};
    }

    HttpProblem problem_of(error_code error, const std::string& doing) const {
        if (error == beast::error::timeout) return timed_out(doing);
        const std::string what = doing + ": " + error.message();
        if (error == http::error::end_of_stream || error == http::error::partial_message)
            return {Kind::connection, doing + ": it closed the connection"};
        if (error == http::error::body_limit || error == http::error::header_limit ||
            error == http::error::buffer_overflow)
            return {Kind::too_large,
                    "its answer is larger than " + std::to_string(limits_.answer_bytes) + " bytes"};
        if (error.category() == error_code(http::error::bad_status).category())
            return {Kind::malformed, "its answer is no HTTP: " + error.message()};
        return {error.category() == asio::error::get_ssl_category() ? Kind::tls : Kind::connection, what};
    }

    const WebAddress& server_;
    const HttpLimits& limits_;
    const Clock::time_point deadline_;
    asio::io_context io_;
    beast::tcp_stream tcp_{io_};
    std::optional<asio::ssl::stream<beast::tcp_stream&>> tls_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    int interim_answers_ = 0;
};

http::request<http::span_body<const char>> message_of(const HttpRequest& request, const WebAddress& server) {
    http::request<http::span_body<const char>> message;
    message.method_string(view_of(request.method));
    message.target(view_of(request.target));
    message.version(11);
    message.set(http::field::host, server.authority());
    message.set(http::field::user_agent, "sallyport-pki");
    message.set(http::field::connection, "close");
    for (const HttpField& field : request.fields)
        message.set(view_of(field.name), view_of(field.value));
    message.body() = {request.body.data(), request.body.size()};
    message.prepare_payload();
    return message;
}

bool is_worth_another_attempt(const HttpResult& result) {
    constexpr unsigned too_many_requests = 429;
    constexpr unsigned server_errors = 500;
    if (!result) return result.error().kind == Kind::connection;
    return result->status == too_many_requests || result->status >= server_errors;
}

}  // namespace

void throw_exception_from_error(const HttpProblem& problem, const boost::source_location&) {
    throw std::logic_error("unchecked HTTP problem: " + problem.what);
}

HttpClient::HttpClient(WebAddress server, std::shared_ptr<const TlsClient> tls)
    : server_(std::move(server)), tls_(std::move(tls)), sessions_(std::make_unique<ClientSessions>()) {}

HttpResult HttpClient::exchange(const HttpRequest& request, const HttpLimits& limits) {
    Exchange exchange(server_, limits);
    if (auto problem = exchange.connect()) return std::move(*problem);
    if (server_.tls) {
        if (auto problem = exchange.handshake(*tls_, *sessions_)) return std::move(*problem);
    }
    return exchange.converse(message_of(request, server_));
}

HttpResult HttpClient::exchange_with_retries(const HttpRequest& request, const HttpLimits& limits,
                                             const RetryPolicy& policy) {
    auto pause = policy.first_pause;
    for (unsigned attempt = 1;; ++attempt) {
        HttpResult result = exchange(request, limits);
        if (attempt >= policy.attempts || !is_worth_another_attempt(result)) return result;
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

}  // namespace sallyport::pki
