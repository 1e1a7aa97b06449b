#pragma once

#include "pki/openssl.h"
#include "tests/bench/common/devices.h"

#include <cstdint>
#include <string>
#include <string_view>

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

    /// One request without a body; the answer must be 200. Returns the bytes of its body.
    std::uint64_t get(std::string_view request);
    /// The same with `bytes` of a body behind the head, which must announce them.
    void put(std::string_view head, std::uint64_t bytes);
    /// Parts of the above, for transfers that stop half-way.
    void send(std::string_view text);
    void send_body(std::uint64_t bytes);
    void receive(std::uint64_t bytes);

    SessionPtr session() const;
    /// Says goodbye and waits until the server has closed, too: its work is done then.
    void close();

  private:
    std::size_t read(char* into, std::size_t room);
    std::uint64_t read_answer();

    int socket_;
    pki::SslPtr ssl_;
};

}  // namespace sallyport::bench
