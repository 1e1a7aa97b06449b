#pragma once

#include <string_view>

namespace sallyport::gateway {

/// What makes a client known.
enum class ClientKind {
    devices,      ///< a certificate of the devices' CA
    operators,    ///< a certificate of the operators' CA, which is never the devices'
    credentials,  ///< nothing but API credentials, which the store checks
};
constexpr std::string_view to_string(ClientKind kind) noexcept {
    switch (kind) {
        case ClientKind::devices:
            return "device";
        case ClientKind::operators:
            return "operator";
        case ClientKind::credentials:
            return "credentials";
    }
    return "?";
}

/// The client of a request, as far as it has proved itself.
struct Client {
    ClientKind kind = ClientKind::credentials;
    std::string_view name = {};      ///< empty for `credentials`
    std::string_view listener = {};  ///< where it has connected
};

}  // namespace sallyport::gateway
