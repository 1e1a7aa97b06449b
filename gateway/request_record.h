#pragma once

#include "gateway/client_network.h"
#include "gateway/rules/client.h"
#include "gateway/rules/reason.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// What is known of one finished request, for log and metrics alike.
struct RequestRecord {
    std::chrono::system_clock::time_point time;
    std::chrono::nanoseconds duration{0};
    std::string request_id;
    std::uint64_t generation = 0;  ///< of the snapshot that decided
    std::string_view listener;
    std::string_view suite;  ///< of the TLS connection; empty without one
    Client client;
    std::string_view serial;  ///< hex
    std::string_view peer;    ///< address:port
    ClientNetwork network{};  ///< of the peer
    std::string_view operation = "Unknown";
    std::string method;
    std::string bucket;
    std::string key;
    unsigned status = 0;  ///< 0 when no answer was begun
    std::optional<Reason> reason;
    std::string detail;
    std::uint64_t bytes_in = 0;    ///< body bytes taken from the device
    std::uint64_t bytes_out = 0;   ///< body bytes given to the device
    unsigned upstream_status = 0;  ///< 0 when the store gave no answer
    std::chrono::nanoseconds upstream_duration{0};
    std::string_view upstream;     ///< the endpoint that it went to; empty when it went to none
    std::string store_request_id;  ///< what the store calls it; empty when it says none
    // Times since it began, 0 when it did not come so far: the rules had let it pass, a connection to the
    // store was there, all of it was sent, the head of the store's answer was read.
    std::chrono::nanoseconds judged{0};
    std::chrono::nanoseconds connected{0};
    std::chrono::nanoseconds sent{0};
    std::chrono::nanoseconds answered{0};
    std::string trace_id;  ///< of its traceparent; empty when there is no valid one
    std::string parent_id;
};

/// One finished handshake.
struct HandshakeRecord {
    std::string_view listener;
    std::string_view peer;
    ClientNetwork network{};  ///< of the peer
    Client client;            ///< its name may be empty
    std::string_view serial;  ///< may be empty
    std::optional<Reason> failure;
    std::string detail;
    bool resumed = false;
    std::string_view version;
    std::string_view cipher;
    std::string_view signature;  ///< the digest that we signed the key exchange with; empty without one
    std::chrono::nanoseconds duration{0};
};

}  // namespace sallyport::gateway
