#pragma once

#include "firmware-client/byte_stream.h"
#include "firmware-client/result.h"
#include "firmware-client/socket.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sallyport::device {

inline constexpr std::uint16_t ntp_port = 123;
inline constexpr std::size_t ntp_packet_bytes = 48;

/// The time of a server's answer (RFC 4330, RFC 5905 7.3) to a request whose transmit timestamp was `nonce`;
/// up to 2104. Errors: network, for an answer to another request, from a server that is not synchronised, or
/// refused.
Result<std::chrono::sys_seconds> read_ntp_answer(std::span<const std::byte> packet, std::uint64_t nonce);

/// Asks once. `server`: a host name; a leading `*.`, which stands for any member of a pool, is left out. Not
/// authenticated: whoever is on the way can answer. Errors: network, stopped.
Result<std::chrono::sys_seconds> ask_ntp(std::string server, std::uint16_t port, Deadline deadline,
                                         StopDescriptor stop);

}  // namespace sallyport::device
