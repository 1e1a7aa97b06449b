#include "gateway/admin_client.h"

#include "gateway/secret_source.h"
#include "pki/certificate.h"
#include "pki/file.h"

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
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
namespace ssl = asio::ssl;

/// The referred to live until the coroutine has ended: `ask_admin` waits for it.
struct Question {
    const SocketAddress& address;
    std::string_view target;
    std::string_view token;  ///< empty: none is shown
    std::uint64_t max_bytes;
    std::chrono::seconds patience;
};

/// `stream` is connected; `bottom` is what it stands on, and knows deadlines.
template <class Stream>
asio::awaitable<void> ask_over(Stream& stream, beast::tcp_stream& bottom, Question question,
                               AdminAnswer& answer) {
    http::request<http::empty_body> request(
        http::verb::get, beast::string_view(question.target.data(), question.target.size()), 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "close");
    if (!question.token.empty())
        request.set(http::field::authorization, "Bearer " + std::string(question.token));
    bottom.expires_after(question.patience);
    co_await http::async_write(stream, request, asio::use_awaitable);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(question.max_bytes);
    bottom.expires_after(question.patience);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    answer.status = parser.get().result_int();
    answer.body = std::move(parser.get().body());
}

/// `tls`: null for plain HTTP.
asio::awaitable<void> ask(asio::io_context& io, ssl::context* tls, Question question, AdminAnswer& answer) {
    beast::tcp_stream stream(io);
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(question.address.host),
                                           question.address.port);
    stream.expires_after(question.patience);
    co_await stream.async_connect(endpoint, asio::use_awaitable);
    if (tls == nullptr) {
        co_await ask_over(stream, stream, question, answer);
        co_return;
    }
    ssl::stream<beast::tcp_stream&> secure(stream, *tls);
    stream.expires_after(question.patience);
    co_await secure.async_handshake(ssl::stream_base::client, asio::use_awaitable);
    co_await ask_over(secure, stream, question, answer);
}

/// The certificate itself is the anchor: whoever asks has the configuration of who answers.
ssl::context trust_only(const std::filesystem::path& file) {
    constexpr std::size_t max_pem_bytes = std::size_t{1} << 20U;
    const auto text = pki::read_file(file, max_pem_bytes);
    if (!text) throw std::runtime_error(text.error().message);
    auto certificates = pki::parse_certificates(*text, file.string());
    if (!certificates) throw std::runtime_error(certificates.error().message);
    const std::shared_ptr<X509> own(std::move(certificates->front()));
    ssl::context tls(ssl::context::tls_client);
    if (SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION) != 1)
        throw std::runtime_error(pki::take_openssl_errors("TLS"));
    tls.set_verify_mode(ssl::verify_peer);
    tls.set_verify_callback([own](bool, ssl::verify_context& context) {
        X509_STORE_CTX* const chain = context.native_handle();
        return X509_STORE_CTX_get_error_depth(chain) > 0 ||
               X509_cmp(X509_STORE_CTX_get_current_cert(chain), own.get()) == 0;
    });
    return tls;
}

std::string token_of(const SecretSource& source) {
    auto text = read_secret_text(source);
    if (!text) throw std::runtime_error(text.error().message);
    if (text->ends_with('\n')) text->pop_back();
    return std::move(*text);
}

}  // namespace

AdminAnswer ask_admin(const AdminSettings& admin, std::string_view target, ShowToken show,
                      std::uint64_t max_bytes, std::chrono::seconds patience) {
    std::optional<ssl::context> tls;
    if (!admin.access.certificate.empty()) tls.emplace(trust_only(admin.access.certificate));
    const bool is_guarded = admin.access.token.kind != SecretSource::Kind::none;
    std::string token = show == ShowToken::yes && is_guarded ? token_of(admin.access.token) : std::string();
    AdminAnswer answer;
    std::string failure;
    asio::io_context io{1};
    const Question question{admin.address, target, token, max_bytes, patience};
    asio::co_spawn(io, ask(io, tls ? &*tls : nullptr, question, answer),
                   [&failure](std::exception_ptr thrown) {
                       if (!thrown) return;
                       try {
                           std::rethrow_exception(thrown);
                       } catch (const std::exception& error) {
                           failure = error.what();
                       }
                   });
    io.run();
    pki::wipe(token);
    if (failure.empty()) return answer;
    const std::string where = admin.address.host + " port " + std::to_string(admin.address.port);
    if (failure.find("certificate verify failed") != failure.npos) {
        throw std::runtime_error("the admin listener at " + where + " shows another certificate than " +
                                 admin.access.certificate.string() +
                                 ": was it reloaded since the file changed?");
    }
    throw std::runtime_error("no answer from the admin listener at " + where + ": " + failure +
                             "; does the gateway run?");
}

}  // namespace sallyport::gateway
