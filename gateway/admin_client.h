#pragma once

#include "gateway/socket_address.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct AdminAnswer {
    unsigned status = 0;
    std::string body;
};

/// Asks the admin listener of a running gateway for `target`, such as "/readyz". `patience` is for each step:
/// to connect, to send, to receive. Throws std::runtime_error when no gateway answers there, or with more
/// than `max_bytes`.
AdminAnswer ask_admin(const SocketAddress& address, std::string_view target, std::uint64_t max_bytes,
                      std::chrono::seconds patience);

}  // namespace sallyport::gateway
