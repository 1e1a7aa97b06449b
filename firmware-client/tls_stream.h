#pragma once

#include "firmware-client/byte_stream.h"
#include "firmware-client/socket.h"
#include "pki/openssl.h"

#include <memory>
#include <string_view>

namespace sallyport::device {

/// A TLS connection as a stream of bytes.
class TlsStream final : public ByteStream {
  public:
    /// Makes the handshake. Errors: refused, when the server sent an alert about the device or its offer
    /// (RFC 5246 7.2.2); network for all else, a server that cannot be trusted included.
    static Result<std::unique_ptr<TlsStream>> handshake(Descriptor socket, pki::SslPtr connection,
                                                        Deadline deadline, StopDescriptor stop);
    /// Says close_notify, without waiting for the answer; a session can be resumed only after that.
    ~TlsStream() override;
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    Result<std::size_t> read_some(std::span<std::byte> into, Deadline deadline) override;
    Result<std::optional<std::size_t>> try_read(std::span<std::byte> into) override;
    Result<void> write_all(std::span<const std::byte> from, Deadline deadline) override;

    bool resumed() const { return SSL_session_reused(connection_.get()) == 1; }

  private:
    TlsStream(Descriptor socket, pki::SslPtr connection, StopDescriptor stop)
        : socket_(std::move(socket)), connection_(std::move(connection)), stop_(stop) {}
    Result<void> connect(Deadline deadline);
    Error failure(int outcome, int system_error, std::string_view doing);

    Descriptor socket_;
    pki::SslPtr connection_;
    StopDescriptor stop_;
    Readiness awaited_ = Readiness::readable;  ///< what the last try_read waits for
    bool broken_ = false;                      ///< after a fatal error nothing may be sent any more
};

}  // namespace sallyport::device
