#pragma once

#include "pki/openssl.h"
#include "tests/bench/tls/devices.h"

#include <cstdint>
#include <string>

namespace sallyport::bench {

using SessionPtr = std::unique_ptr<SSL_SESSION, pki::Releaser<&SSL_SESSION_free>>;

/// What all connections share. The server is not verified: that would cost the client and show nothing.
pki::SslCtxPtr client_context(const std::string& suite);

/// One blocking connection of a device to a port of this machine. Everything that goes wrong is an
/// std::runtime_error.
class DeviceConnection {
  public:
    /// Connects and shakes hands. With a `session` it must be resumed, without none may be.
    DeviceConnection(SSL_CTX& context, std::uint16_t port, const Fleet& fleet, const Device& device,
                     SSL_SESSION* session);
    ~DeviceConnection();
    DeviceConnection(const DeviceConnection&) = delete;
    DeviceConnection& operator=(const DeviceConnection&) = delete;

    /// One request; the answer must be 200 with the whole object.
    void get(const std::string& request);
    SessionPtr session() const;
    /// Says goodbye and waits until the server has closed, too: its work is done then.
    void close();

  private:
    void read_answer();

    int socket_;
    pki::SslPtr ssl_;
};

}  // namespace sallyport::bench
