#pragma once

#include "firmware-client/byte_stream.h"
#include "firmware-client/settings.h"
#include "firmware-client/socket.h"
#include "firmware-client/tls_client.h"

#include <memory>
#include <optional>

namespace sallyport::device {

/// Makes connections to the device's server.
class Connector {
  public:
    virtual ~Connector() = default;
    virtual Result<std::unique_ptr<ByteStream>> connect() = 0;
};

/// TCP, with TLS when there is a TLS client. A failed handshake takes the next cipher group at once, and that
/// group stays until the program ends, as the devices do; a refused TCP connection takes no step. With a
/// fixed group there are no steps. 30 seconds for TCP and for each handshake.
class ServerConnector final : public Connector {
  public:
    /// `settings` and `tls` must outlive this; `tls` is null for plain HTTP.
    ServerConnector(const ServerSettings& settings, TlsClient* tls, StopDescriptor stop,
                    std::optional<CipherGroup> fixed_group = std::nullopt)
        : settings_(settings),
          tls_(tls),
          stop_(stop),
          group_(fixed_group.value_or(CipherGroup::first)),
          last_group_(fixed_group.value_or(CipherGroup::third)) {}

    Result<std::unique_ptr<ByteStream>> connect() override;

    CipherGroup group() const { return group_; }

  private:
    const ServerSettings& settings_;
    TlsClient* tls_;
    StopDescriptor stop_;
    CipherGroup group_;
    CipherGroup last_group_;
};

}  // namespace sallyport::device
