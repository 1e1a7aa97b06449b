#include "gateway/store_stream.h"
#include "tests/support/certificates.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr std::size_t block_bytes = 64 * 1024;

std::string some_bytes(std::size_t count) {
    std::string made(count, '\0');
    for (std::size_t i = 0; i < count; ++i)
        made[i] = static_cast<char>(i * 31 + i / 251);
    return made;
}

pki::SslCtxPtr context(const SSL_METHOD* method) {
    pki::SslCtxPtr made(SSL_CTX_new(method));
    SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made.get(), 1);
    SSL_CTX_set_default_read_buffer_len(made.get(), 32 * 1024);
    return made;
}

/// Both ends of a TCP connection whose buffers hold little.
class TwoEnds : public testing::Test {
  protected:
    TwoEnds() {
        tcp::acceptor acceptor(io_, {asio::ip::address_v4::loopback(), 0});
        near_.open(tcp::v4());
        for (tcp::socket* end : {&near_, &far_}) {
            if (end == &far_) far_ = acceptor.accept();
            end->set_option(tcp::no_delay(true));
            end->set_option(tcp::socket::send_buffer_size(128 * 1024));
            if (end == &near_) near_.connect(acceptor.local_endpoint());
            end->native_non_blocking(true);
        }
    }

    /// Runs until `what` and everything that was begun before have ended.
    void finish(asio::awaitable<void> what) {
        asio::co_spawn(io_, std::move(what), [](const std::exception_ptr& thrown) { EXPECT_FALSE(thrown); });
        io_.run_for(std::chrono::seconds(20));
        EXPECT_TRUE(io_.stopped());
        io_.restart();
    }

    asio::io_context io_;
    tcp::socket near_{io_};
    tcp::socket far_{io_};
};

/// As a session and its exchange do it: what needs no wait first.
asio::awaitable<void> send(TlsChannel& channel, std::string_view data) {
    while (!data.empty()) {
        const std::string_view block = data.substr(0, block_bytes);
        data.remove_prefix(block.size());
        std::span<const char> rest(block);
        auto written = channel.try_write(rest, !data.empty());
        if (!written) {
            const IoStatus written_later = co_await channel.write(rest, !data.empty());
            written = written_later;
        }
        EXPECT_EQ(written, IoStatus::ok);
        channel.release_memory();  // as a tick may ask for at any time
    }
}

template <class Stream>
asio::awaitable<void> receive(Stream& stream, std::string& into, std::size_t bytes) {
    std::string room(block_bytes, '\0');
    while (into.size() < bytes) {
        auto read = stream.try_read(room);
        if (!read) {
            const IoResult read_later = co_await stream.read_some(room);
            read = read_later;
        }
        EXPECT_EQ(read->status, IoStatus::ok);
        if (read->status != IoStatus::ok) co_return;
        into.append(room, 0, read->bytes);
    }
}

class Tls : public TwoEnds {
  protected:
    void SetUp() override {
        const auto certificate = test::certificate({.common_name = "server"}, test::key(0));
        SSL_CTX_use_certificate(server_context_.get(), certificate.get());
        SSL_CTX_use_PrivateKey(server_context_.get(), &test::key(0));
        pki::SslPtr server(SSL_new(server_context_.get()));
        SSL_set_accept_state(server.get());
        ASSERT_TRUE(server_.use(std::move(server)));
        pki::SslPtr client(SSL_new(client_context_.get()));
        SSL_set_connect_state(client.get());
        ASSERT_TRUE(client_.use(std::move(client)));
        asio::co_spawn(io_, shake_hands(server_), asio::detached);
        finish(shake_hands(client_));
    }

    /// The one byte that could be read next.
    static std::string arrived(TlsChannel& channel) {
        char byte = 0;
        const auto peeked = channel.peek({&byte, 1});
        return peeked && peeked->status == IoStatus::ok ? std::string(1, byte) : "nothing";
    }

    static asio::awaitable<void> shake_hands(TlsChannel& channel) {
        const HandshakeFailure failure = co_await channel.handshake();
        EXPECT_EQ(failure.kind, HandshakeFailure::Kind::none) << failure.detail;
    }

    pki::SslCtxPtr server_context_ = context(TLS_server_method());
    pki::SslCtxPtr client_context_ = context(TLS_client_method());
    TlsChannel server_{std::move(far_)};
    TlsChannel client_{std::move(near_)};
};

TEST_F(Tls, carries_what_the_socket_does_not_take_at_once) {
    const std::string sent = some_bytes(5'000'001);
    std::string received;
    asio::co_spawn(io_, send(server_, sent), asio::detached);
    finish(receive(client_, received, sent.size()));
    EXPECT_EQ(received, sent);
}

TEST_F(Tls, carries_both_directions_one_after_the_other) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{4095}, std::size_t{200'000}}) {
        const std::string sent = some_bytes(bytes);
        std::string received;
        asio::co_spawn(io_, send(client_, sent), asio::detached);
        finish(receive(server_, received, bytes));
        EXPECT_EQ(received, sent);
        received.clear();
        asio::co_spawn(io_, send(server_, sent), asio::detached);
        finish(receive(client_, received, bytes));
        EXPECT_EQ(received, sent);
    }
}

TEST_F(Tls, looks_again_after_a_read_that_found_nothing) {
    char byte = 0;
    EXPECT_FALSE(client_.try_read({&byte, 1}));
    EXPECT_TRUE(client_.connection().is_drained());
    finish(send(server_, "x"));
    EXPECT_EQ(arrived(client_), "x");
    std::string received;
    finish(receive(client_, received, 1));
    EXPECT_EQ(received, "x");
}

asio::awaitable<void> update_keys(TlsChannel& channel, int times) {
    for (int i = 0; i < times; ++i) {
        EXPECT_EQ(SSL_key_update(channel.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        EXPECT_EQ(SSL_do_handshake(channel.ssl()), 1);
        const IoStatus sent = co_await channel.write({}, false);
        EXPECT_EQ(sent, IoStatus::ok);
    }
}

/// OpenSSL answers each of these by itself, for as long as they come.
TEST_F(Tls, gives_others_their_turn_while_a_peer_makes_it_answer) {
    constexpr int updates = 2000;
    finish(update_keys(client_, updates));
    finish(send(client_, "x"));
    int turns = 0;
    bool ended = false;
    const auto count_turns = [&]() -> asio::awaitable<void> {
        for (; !ended; ++turns)
            co_await asio::post(io_, asio::use_awaitable);
    };
    asio::co_spawn(io_, count_turns(), asio::detached);
    std::string received;
    const auto receive_one = [&]() -> asio::awaitable<void> {
        co_await receive(server_, received, 1);
        ended = true;
    };
    finish(receive_one());
    EXPECT_EQ(received, "x");
    EXPECT_GT(turns, updates / 200);
}

TEST_F(Tls, goes_on_after_key_updates) {
    for (int round = 0; round < 3; ++round) {
        const std::string sent = some_bytes(1'000'000);
        std::string received;
        SSL_key_update(client_.ssl(), SSL_KEY_UPDATE_REQUESTED);
        asio::co_spawn(io_, send(client_, sent), asio::detached);
        finish(receive(server_, received, sent.size()));
        EXPECT_EQ(received, sent);
        received.clear();
        asio::co_spawn(io_, send(server_, sent), asio::detached);
        finish(receive(client_, received, sent.size()));
        EXPECT_EQ(received, sent);
    }
}

TEST_F(Tls, says_nothing_more_once_it_is_stopped) {
    server_.connection().stop();
    char byte = 0;
    std::span<const char> rest("x", 1);
    EXPECT_EQ(server_.try_read({&byte, 1})->status, IoStatus::stopped);
    EXPECT_EQ(server_.try_write(rest, false), IoStatus::stopped);
}

TEST_F(Tls, tells_an_end_from_a_cut) {
    char byte = 0;
    server_.end();
    EXPECT_EQ(client_.peek({&byte, 1}).value_or(IoResult{IoStatus::ok}).status, IoStatus::end);
    client_.connection().close();
    EXPECT_EQ(server_.peek({&byte, 1}).value_or(IoResult{IoStatus::ok}).status, IoStatus::failed);
}

class PlainStore : public TwoEnds {
  protected:
    static asio::awaitable<void> send_parts(PlainStoreStream& stream, std::string_view before,
                                            std::string_view data, std::string_view after) {
        const std::string_view parts[] = {before, data, after};
        auto written = stream.try_write(parts, false);
        EXPECT_FALSE(written);  // more than the buffers hold
        if (!written) {
            const IoStatus written_later = co_await stream.write_rest();
            written = written_later;
        }
        EXPECT_EQ(written, IoStatus::ok);
    }
};

TEST_F(PlainStore, gets_parts_whole_that_the_socket_does_not_take_at_once) {
    const std::string sent = some_bytes(9'000'000);
    PlainStoreStream stream(std::move(near_));
    PlainStoreStream store(std::move(far_));
    std::string received;
    asio::co_spawn(io_, send_parts(stream, "before", sent, "after"), asio::detached);
    finish(receive(store, received, sent.size() + 11));
    EXPECT_EQ(received, "before" + sent + "after");
}

TEST_F(PlainStore, is_quiet_until_something_comes) {
    PlainStoreStream stream(std::move(near_));
    EXPECT_TRUE(stream.is_quiet());
    PlainStoreStream store(std::move(far_));
    const std::string_view parts[] = {"x"};
    EXPECT_EQ(store.try_write(parts, false), IoStatus::ok);
    EXPECT_FALSE(stream.is_quiet());
    std::string received;
    finish(receive(stream, received, 1));  // although it was quiet
    EXPECT_EQ(received, "x");
}

}  // namespace
}  // namespace sallyport::gateway
