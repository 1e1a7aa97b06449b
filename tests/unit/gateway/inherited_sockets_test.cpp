#include "gateway/inherited_sockets.h"

#include "gateway/listening_socket.h"
#include "pki/descriptor.h"

#include <stdexcept>

#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tcp = boost::asio::ip::tcp;

/// Far from what the test has open; a run of descriptors as a service manager leaves them.
constexpr int first = 200;

const std::string own_pid = std::to_string(::getpid());

/// A socket at `first + position`, which inherited sockets own from then on.
SocketAddress put_socket(int position, const char* host, bool listening = true, int type = SOCK_STREAM) {
    tcp::endpoint endpoint(boost::asio::ip::make_address(host), 0);
    const pki::Descriptor socket(::socket(endpoint.protocol().family(), type, 0));
    EXPECT_EQ(::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())), 0);
    if (listening) {
        EXPECT_EQ(::listen(socket.get(), 8), 0);
    }
    auto size = static_cast<socklen_t>(endpoint.capacity());
    EXPECT_EQ(::getsockname(socket.get(), endpoint.data(), &size), 0);
    EXPECT_EQ(::dup2(socket.get(), first + position), first + position);
    return {host, endpoint.port()};
}

ListenerSettings listener_at(const SocketAddress& address) {
    ListenerSettings settings;
    settings.name = "fleet";
    settings.address = address;
    return settings;
}

TEST(InheritedSocketsOf, this_process_are_taken_by_address) {
    const auto v4 = put_socket(0, "127.0.0.1");
    const auto v6 = put_socket(1, "::1");
    InheritedSockets sockets(own_pid.c_str(), "2", first);
    EXPECT_EQ(sockets.take({"127.0.0.1", static_cast<std::uint16_t>(v4.port ^ 1U)}), std::nullopt);
    EXPECT_EQ(sockets.take({"127.0.0.2", v4.port}), std::nullopt);
    const ListeningSocket listening(listener_at(v4), sockets);
    EXPECT_EQ(listening.descriptor(), first);
    EXPECT_EQ(::fcntl(first, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(::fcntl(first, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    EXPECT_EQ(::getsockopt(first, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
    EXPECT_EQ(no_delay, 1);
    EXPECT_EQ(sockets.take(v4), std::nullopt) << "twice";
    EXPECT_THAT(sockets.not_taken(), ElementsAre("[::1]:" + std::to_string(v6.port)));
    const ListeningSocket spelled_differently(listener_at({"0:0:0:0:0:0:0:1", v6.port}), sockets);
    EXPECT_EQ(spelled_differently.descriptor(), first + 1);
    EXPECT_THAT(sockets.not_taken(), IsEmpty());
}

TEST(InheritedSocketsOf, others_are_left_alone) {
    for (const auto& [pid, count] :
         {std::pair<const char*, const char*>("1", "1"), {nullptr, "1"}, {"1", nullptr}}) {
        const InheritedSockets sockets(pid, count, first);
        EXPECT_THAT(sockets.not_taken(), IsEmpty());
    }
}

TEST(InheritedSocketsOf, a_gateway_end_with_it) {
    put_socket(0, "127.0.0.1");
    { const InheritedSockets sockets(own_pid.c_str(), "1", first); }
    EXPECT_EQ(::fcntl(first, F_GETFD), -1);
}

std::string refusal_of(const std::string& count) {
    try {
        const InheritedSockets sockets(own_pid.c_str(), count.c_str(), first);
    } catch (const std::runtime_error& error) {
        ::close(first);
        return error.what();
    }
    return "none";
}

TEST(InheritedSocketsOf, other_kinds_are_refused) {
    put_socket(0, "127.0.0.1", false);
    EXPECT_THAT(refusal_of("1"), HasSubstr("descriptor 200 is no listening TCP socket"));
    put_socket(0, "127.0.0.1", false, SOCK_DGRAM);
    EXPECT_THAT(refusal_of("1"), HasSubstr("descriptor 200 is no listening TCP socket"));
    EXPECT_THAT(refusal_of("1"), HasSubstr("descriptor 200 is no listening TCP socket")) << "closed";
    for (const char* count : {"-1", "one", "1x", ""})
        EXPECT_THAT(refusal_of(count), HasSubstr("is no number"));
    EXPECT_THAT(refusal_of("100000"), HasSubstr("too many"));
}

}  // namespace
}  // namespace sallyport::gateway
