#include "gateway/tls_stream.h"

namespace sallyport::gateway {

TlsStream::TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<const pki::TlsServer> server,
                     pki::PeerJudge& judge)
    : server_(std::move(server)), channel_(std::move(socket)) {
    channel_.use(server_->new_connection(judge));
}

bool TlsStream::restart(std::shared_ptr<const pki::TlsServer> server, pki::PeerJudge& judge) {
    std::string hello = pki::take_hello(*channel_.ssl());
    const bool valid = channel_.use(server->new_connection(judge));
    server_ = std::move(server);  // the old one only now: its connection referred to it
    if (valid) pki::replay_hello(*channel_.ssl(), std::move(hello));
    return valid;
}

}  // namespace sallyport::gateway
