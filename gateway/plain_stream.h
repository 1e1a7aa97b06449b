#pragma once

#include "gateway/client_stream.h"

namespace sallyport::gateway {

/// A connection without TLS: listeners of mode `low`.
class PlainStream final : public ClientStream {
  public:
    explicit PlainStream(boost::asio::ip::tcp::socket socket) : connection_(std::move(socket)) {}

    Connection& connection() override { return connection_; }
    std::optional<IoResult> try_read(std::span<char> into) override { return connection_.try_receive(into); }
    std::optional<IoStatus> try_write(std::span<const char>& from, bool more) override;
    boost::asio::awaitable<IoResult> read_some(std::span<char> into) override {
        return connection_.receive_some(into);
    }
    boost::asio::awaitable<IoStatus> write(std::span<const char> from) override;
    boost::asio::awaitable<void> close(std::chrono::milliseconds patience) override;
    bool has_pending() const override { return false; }
    void release_memory() override {}

  private:
    Connection connection_;
};

}  // namespace sallyport::gateway
