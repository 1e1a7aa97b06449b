#include "firmware-client/connector.h"

#include "firmware-client/tls_stream.h"

#include <utility>

namespace sallyport::device {
namespace {

constexpr std::chrono::seconds connect_time{30};

Deadline next_deadline() {
    return std::chrono::steady_clock::now() + connect_time;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> ServerConnector::connect() {
    for (;;) {
        auto socket = connect_tcp(settings_.connect_host(), settings_.port, next_deadline(), stop_);
        if (!socket) return socket.error();
        if (tls_ == nullptr) return std::make_unique<TcpStream>(std::move(*socket), stop_);

        auto connection = tls_->new_connection(group_);
        if (!connection) return connection.error();
        auto stream =
            TlsStream::handshake(std::move(*socket), std::move(*connection), next_deadline(), stop_);
        if (stream) return std::unique_ptr<ByteStream>{std::move(*stream)};
        if (stream.error().fault == Fault::stopped) return stream.error();
        tls_->forget_session();
        if (group_ == last_group_ || !tls_->has_cipher_groups()) return stream.error();
        group_ = group_ == CipherGroup::first ? CipherGroup::second : CipherGroup::third;
    }
}

}  // namespace sallyport::device
