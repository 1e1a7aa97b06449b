#include "gateway/plain_stream.h"

namespace sallyport::gateway {

namespace asio = boost::asio;

std::optional<IoStatus> PlainStream::try_write(std::span<const char>& from, bool more) {
    std::size_t sent = 0;
    const auto status = connection_.try_send({from.data(), from.size()}, sent, more);
    from = from.subspan(sent);
    return status;
}

asio::awaitable<IoStatus> PlainStream::write(std::span<const char> from) {
    std::size_t sent = 0;
    const IoStatus status = co_await connection_.send_all({from.data(), from.size()}, sent);
    co_return status;
}

asio::awaitable<void> PlainStream::close(std::chrono::milliseconds patience) {
    connection_.expires_after(patience);
    co_await connection_.drain_and_close();
}

}  // namespace sallyport::gateway
