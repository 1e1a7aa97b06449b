#include "firmware-client/ntp.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;
using Packet = std::array<std::byte, ntp_packet_bytes>;

constexpr std::uint64_t nonce = 0x0123456789ABCDEF;
constexpr std::uint32_t at_2026 = 3976214400;  // 2026-01-01T00:00:00Z, seconds since 1900

void put_number(Packet& packet, std::size_t at, std::uint64_t number) {
    for (std::size_t i = 0; i < 8; ++i)
        packet[at + i] = static_cast<std::byte>(number >> (56 - 8 * i));
}

Packet answer(unsigned first = 0x24, unsigned stratum = 2, std::uint64_t origin = nonce,
              std::uint64_t seconds = at_2026) {
    Packet packet{};
    packet[0] = static_cast<std::byte>(first);
    packet[1] = static_cast<std::byte>(stratum);
    put_number(packet, 24, origin);
    put_number(packet, 40, seconds << 32 | 0x80000000U);
    return packet;
}

TEST(Ntp, tells_the_time) {
    const auto time = read_ntp_answer(answer(), nonce);
    ASSERT_TRUE(time);
    EXPECT_EQ(*time, std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
    EXPECT_EQ(*read_ntp_answer(answer(0x1C, 15), nonce), *time) << "version 3";
}

TEST(Ntp, counts_on_after_2036) {
    EXPECT_EQ(*read_ntp_answer(answer(0x24, 1, nonce, 1), nonce),
              std::chrono::sys_days{std::chrono::year{2036} / 2 / 7} + 6h + 28min + 17s);
    EXPECT_EQ(*read_ntp_answer(answer(0x24, 1, nonce, 0xFFFFFFFF), nonce),
              std::chrono::sys_days{std::chrono::year{2036} / 2 / 7} + 6h + 28min + 15s);
}

TEST(Ntp, takes_no_other_answer) {
    const struct {
        const char* name;
        Packet packet;
        const char* fault;
    } cases[] = {
        {"request", answer(0x23), "not an answer"},
        {"broadcast", answer(0x25), "not an answer"},
        {"other_request", answer(0x24, 2, nonce + 1), "another request"},
        {"kiss_of_death", answer(0x24, 0), "refuses"},
        {"not_synchronised", answer(0xE4), "knows no time"},
        {"stratum_16", answer(0x24, 16), "knows no time"},
        {"no_time", answer(0x24, 2, nonce, 0), "no time"},
    };
    for (const auto& row : cases) {
        const auto time = read_ntp_answer(row.packet, nonce);
        ASSERT_FALSE(time) << row.name;
        EXPECT_EQ(time.error().fault, Fault::network);
        EXPECT_NE(time.error().message.find(row.fault), std::string::npos) << time.error().message;
    }
    const Packet whole = answer();
    for (std::size_t size = 0; size < ntp_packet_bytes; ++size)
        EXPECT_FALSE(read_ntp_answer(std::span{whole}.first(size), nonce)) << size;
}

/// A server on 127.0.0.1 that sends an answer to nobody's request before the right one.
TEST(Ntp, asks_a_server) {
    const Descriptor server{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::thread thread([&] {
        Packet request{};
        sockaddr_in client{};
        socklen_t length = sizeof client;
        ::recvfrom(server.get(), request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&client),
                   &length);
        Packet reply = answer();
        for (const bool right : {false, true}) {
            if (right) std::copy(request.begin() + 40, request.begin() + 48, reply.begin() + 24);
            ::sendto(server.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&client),
                     length);
        }
    });
    const auto time =
        ask_ntp("127.0.0.1", ntohs(address.sin_port), std::chrono::steady_clock::now() + 5s, {});
    thread.join();
    ASSERT_TRUE(time) << time.error().message;
    EXPECT_EQ(*time, std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
}

TEST(Ntp, waits_no_longer_than_told) {
    const Descriptor silent{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto time =
        ask_ntp("*.127.0.0.1", ntohs(address.sin_port), std::chrono::steady_clock::now() + 20ms, {});
    ASSERT_FALSE(time);
    EXPECT_NE(time.error().message.find("no answer"), std::string::npos) << time.error().message;
}

}  // namespace
}  // namespace sallyport::device
