#pragma once

#include "gateway/rules/peer.h"
#include "pki/openssl.h"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// Certificates that were verified once need not be again: the peers of one snapshot by the SHA-256 of all
/// that they presented. Only good verdicts are kept, so that strangers cannot fill it, and only what a
/// signature decides: dates and revocation are asked anew each time. Bounded: two peers may share a place, of
/// which the later one keeps it. Thread-safe.
class VerdictCache {
  public:
    using Key = std::array<std::uint8_t, 32>;

    struct Verdict {
        Peer peer;
        std::string encoded;  ///< `encode_peer(peer)`, for the TLS session
    };

    explicit VerdictCache(std::size_t places) : slots_(places) {}

    /// The digest of a presented chain and of the rules by which it is judged (`admission`, a digest), since
    /// listeners differ in them; nothing when memory is out. `sent` may be null.
    static std::optional<Key> key_of(const X509& leaf, const STACK_OF(X509) * sent,
                                     std::string_view admission);

    std::shared_ptr<const Verdict> find(const Key& key) const;
    void put(const Key& key, std::shared_ptr<const Verdict> verdict);

  private:
    struct Slot {
        Key key{};
        std::shared_ptr<const Verdict> verdict;
    };
    std::size_t place_of(const Key& key) const;

    mutable std::mutex mutex_;
    std::vector<Slot> slots_;
};

}  // namespace sallyport::gateway
