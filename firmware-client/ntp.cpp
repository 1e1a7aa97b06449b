#include "firmware-client/ntp.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sallyport::device {
namespace {

constexpr std::size_t origin_at = 24;
constexpr std::size_t transmit_at = 40;

Error ntp_error(const std::string& what) {
    return {Fault::network, "NTP: " + what};
}

std::uint64_t number_at(std::span<const std::byte> packet, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i)
        number = number << 8 | std::to_integer<std::uint64_t>(packet[at + i]);
    return number;
}

std::array<std::byte, ntp_packet_bytes> request_of(std::uint64_t nonce) {
    std::array<std::byte, ntp_packet_bytes> packet{};
    packet[0] = std::byte{0x23};  // version 4, client
    for (std::size_t i = 0; i < 8; ++i)
        packet[transmit_at + i] = static_cast<std::byte>(nonce >> (56 - 8 * i));
    return packet;
}

/// A number that somebody who does not see the request cannot guess.
std::uint64_t make_nonce() {
    std::random_device random;
    return std::uint64_t{random()} << 32 | random();
}

Result<std::chrono::sys_seconds> ask_address(const addrinfo& address, Deadline deadline,
                                             StopDescriptor stop) {
    const Descriptor socket{
        ::socket(address.ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)};
    // A connected socket takes datagrams from this address only.
    if (!socket || ::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
        return ntp_error(std::strerror(errno));
    }
    const std::uint64_t nonce = make_nonce();
    const auto request = request_of(nonce);
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        return ntp_error(std::strerror(errno));
    }
    Error last = ntp_error("no answer");
    for (;;) {
        if (auto ready = wait_ready(socket.get(), Readiness::readable, deadline, stop); !ready) {
            return ready.error().fault == Fault::stopped ? ready.error() : last;
        }
        std::array<std::byte, 2 * ntp_packet_bytes> packet{};
        const ssize_t count = ::recv(socket.get(), packet.data(), packet.size(), 0);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return ntp_error(std::strerror(errno));
        if (count < 0) continue;
        auto time = read_ntp_answer(std::span{packet}.first(static_cast<std::size_t>(count)), nonce);
        if (time) return time;
        last = time.error();  // it may not have been the server's: another can still come
    }
}

}  // namespace

Result<std::chrono::sys_seconds> read_ntp_answer(std::span<const std::byte> packet, std::uint64_t nonce) {
    if (packet.size() < ntp_packet_bytes) return ntp_error("the answer is too short");
    const auto first = std::to_integer<unsigned>(packet[0]);
    const auto stratum = std::to_integer<unsigned>(packet[1]);
    constexpr unsigned server_mode = 4, no_leap_known = 3, strata = 16;
    if ((first & 7U) != server_mode) return ntp_error("not an answer of a server");
    if (number_at(packet, origin_at) != nonce) return ntp_error("the answer is to another request");
    if (stratum == 0) return ntp_error("the server refuses to answer");
    if (first >> 6U == no_leap_known || stratum >= strata)
        return ntp_error("the server knows no time itself");
    const std::uint64_t seconds = number_at(packet, transmit_at) >> 32;
    if (seconds == 0) return ntp_error("the answer has no time");
    // RFC 4330 3: the counter began in 1900 and begins anew in 2036.
    constexpr std::uint64_t second_era = std::uint64_t{1} << 32;
    constexpr std::int64_t from_1900_to_1970 = 2'208'988'800;
    const std::uint64_t whole = seconds < second_era / 2 ? seconds + second_era : seconds;
    return std::chrono::sys_seconds{
        std::chrono::seconds{static_cast<std::int64_t>(whole) - from_1900_to_1970}};
}

Result<std::chrono::sys_seconds> ask_ntp(std::string server, std::uint16_t port, Deadline deadline,
                                         StopDescriptor stop) {
    if (server.starts_with("*.")) server.erase(0, 2);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(server.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) return ntp_error("cannot find " + server + ": " + ::gai_strerror(failure));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
    return ask_address(*found, deadline, stop);
}

}  // namespace sallyport::device
