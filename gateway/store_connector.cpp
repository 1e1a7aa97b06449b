#include "gateway/store_connector.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Failure = StoreConnect::Failure;

StoreConnect failed(Failure failure, std::string detail) {
    return {nullptr, failure, std::move(detail)};
}

StoreConnect failed_by(int error) {
    const bool ours = error == EADDRNOTAVAIL || error == ENOBUFS || error == ENOMEM || error == EAGAIN;
    return failed(ours ? Failure::ours : Failure::refused, std::string("connect: ") + std::strerror(error));
}

StoreConnect failed_by(const HandshakeFailure& handshake) {
    switch (handshake.kind) {
        case HandshakeFailure::Kind::timeout:
            return failed(Failure::timed_out, "the TLS handshake took too long");
        case HandshakeFailure::Kind::stopped:
            return failed(Failure::stopped, "connecting was given up");
        default:
            return failed(Failure::refused, "TLS handshake: " + handshake.detail);
    }
}

/// Waits for the outcome of a connect that has begun.
asio::awaitable<StoreConnect> finish_connect(Connection& connection) {
    const IoStatus waited = co_await connection.wait(tcp::socket::wait_write);
    if (waited == IoStatus::timed_out) co_return failed(Failure::timed_out, "connecting took too long");
    if (waited != IoStatus::ok) co_return failed(Failure::stopped, "connecting was given up");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(connection.socket().native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_return failed_by(error);
    co_return StoreConnect{};
}

}  // namespace

asio::awaitable<StoreConnect> connect_to_store(asio::io_context& io,
                                               std::shared_ptr<const StoreServer> server,
                                               std::shared_ptr<const pki::TlsClient> tls,
                                               std::chrono::milliseconds limit, Connection*& in_progress) {
    boost::system::error_code error;
    tcp::socket socket(io);
    socket.open(server->address.protocol(), error);
    if (!error) socket.native_non_blocking(true, error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (error == asio::error::address_family_not_supported)
        co_return failed(
            Failure::refused,
            "this machine has no " + std::string(server->address.address().is_v6() ? "IPv6" : "IPv4"));
    if (error) co_return failed(Failure::ours, "cannot open a socket: " + error.message());

    std::unique_ptr<StoreStream> stream;
    TlsStoreStream* encrypted = nullptr;
    if (tls) {
        auto made = std::make_unique<TlsStoreStream>(std::move(socket));
        encrypted = made.get();
        stream = std::move(made);
    } else {
        stream = std::make_unique<PlainStoreStream>(std::move(socket));
    }
    Connection& connection = stream->connection();
    connection.expires_after(limit);
    in_progress = &connection;
    StoreConnect outcome;
    if (::connect(connection.socket().native_handle(), server->address.data(),
                  static_cast<socklen_t>(server->address.size())) != 0) {
        if (errno == EINPROGRESS) {
            outcome = co_await finish_connect(connection);
        } else {
            outcome = failed_by(errno);
        }
    }
    if (encrypted != nullptr && outcome.failure == Failure::none) {
        auto ssl = tls->new_connection(server->endpoint->tls_name, server->endpoint->sessions);
        const auto broken = co_await encrypted->handshake(std::move(ssl));
        if (broken) outcome = failed_by(*broken);
    }
    in_progress = nullptr;
    if (outcome.failure == Failure::none) outcome.stream = std::move(stream);
    co_return outcome;
}

}  // namespace sallyport::gateway
