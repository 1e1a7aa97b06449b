#pragma once

#include <array>
#include <cstdint>

#include <boost/asio/ip/address.hpp>

namespace sallyport::gateway {

/// Where a client comes from, for limits and tallies: an IPv4 address, or the /64 of an IPv6 one, which is
/// what one subscriber has (RFC 6177).
using ClientNetwork = std::array<std::uint8_t, 16>;
ClientNetwork network_of(const boost::asio::ip::address& address);

}  // namespace sallyport::gateway
