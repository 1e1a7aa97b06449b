#pragma once

#include "pki/crl.h"
#include "pki/openssl.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::bench {

/// An endless, reproducible row of serial numbers (minimal, positive INTEGER octets). A longer list begins
/// with the shorter one of the same seed.
class RandomSerials {
  public:
    static constexpr std::size_t min_octets = 8;  ///< fewer, and among millions some would be equal
    static constexpr std::size_t max_octets = 20;

    RandomSerials(std::uint64_t seed, std::size_t octets) : random_(seed), octets_(octets) {}

    /// Valid until the next call.
    std::string_view next();

  private:
    std::mt19937_64 random_;
    std::size_t octets_;
    std::array<char, max_octets + sizeof(std::uint64_t)> serial_{};
};

/// A complete CRL of an RSA or EC authority: `also` and then `entries` random serials, in no order.
struct RandomCrl {
    std::size_t entries = 0;
    std::size_t serial_octets = 16;
    std::uint64_t seed = 1;
    std::uint64_t number = 1;
    std::chrono::sys_seconds this_update{};
    std::chrono::sys_seconds next_update{};
    pki::CrlReason reason = pki::CrlReason::none;  ///< of each entry
    std::vector<std::string> also = {};            ///< minimal INTEGER octets
};

using Sink = std::function<void(std::string_view)>;

/// Writes `crl` as DER, piece by piece: it is made twice, once to be signed and once to be written, so that
/// no length takes memory. Throws when it cannot be signed.
void write_der(const RandomCrl& crl, const X509& authority, EVP_PKEY& key, const Sink& sink);

/// The same as PEM.
void write_pem(const RandomCrl& crl, const X509& authority, EVP_PKEY& key, const Sink& sink);

}  // namespace sallyport::bench
