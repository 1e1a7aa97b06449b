#pragma once

#include "pki/chain_verifier.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Who is at the other end of a connection, as its certificate proved.
struct Peer {
    std::string name;        ///< the device's id, or the operator's name
    pki::VerifiedPath path;  ///< its links are never none; the first is the device's own certificate

    bool operator==(const Peer&) const = default;
};

/// A peer as bytes that are kept with a TLS session: on resumption no certificate is shown again.
std::string encode_peer(const Peer& peer);

/// The inverse; nothing for anything that `encode_peer` did not write.
std::optional<Peer> decode_peer(std::string_view bytes);

}  // namespace sallyport::gateway
