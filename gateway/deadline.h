#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport::gateway {

/// What may last only so long (`limits`): labels of `sallyport_deadlines_exceeded_total`.
enum class Deadline {
    handshake,
    head,  ///< of a request
    idle,  ///< between two requests; no failure
    body,  ///< bytes of a body, from or to the client
    store_connect,
    store_body,  ///< bytes of a body, to or from the store
    store_answer,
    drain,
};
inline constexpr std::size_t deadline_count = static_cast<std::size_t>(Deadline::drain) + 1;

constexpr std::string_view to_string(Deadline deadline) noexcept {
    switch (deadline) {
        case Deadline::handshake:
            return "handshake";
        case Deadline::head:
            return "head";
        case Deadline::idle:
            return "idle";
        case Deadline::body:
            return "body";
        case Deadline::store_connect:
            return "store_connect";
        case Deadline::store_body:
            return "store_body";
        case Deadline::store_answer:
            return "store_answer";
        case Deadline::drain:
            return "drain";
    }
    return "?";
}

}  // namespace sallyport::gateway
