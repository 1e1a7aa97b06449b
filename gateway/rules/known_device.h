#pragma once

#include "gateway/rules/reason.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// How often something was refused, and the last time.
struct Refusals {
    std::uint64_t count = 0;
    std::optional<Reason> last = std::nullopt;
    std::string detail = {};
    std::chrono::sys_seconds at{};

    bool operator==(const Refusals&) const = default;
};

/// What is known of one device: its last sighting, and counts.
struct KnownDevice {
    std::string device = {};
    std::string listener = {};
    std::string version = {};
    std::string cipher = {};
    unsigned key_bits = 0;
    bool proven = false;
    /// Hex, of the certificate that it was let in with last, or else was refused with; empty without one.
    std::string serial = {};
    std::optional<std::chrono::sys_seconds> certificate_not_after = std::nullopt;
    bool shadow = false;
    bool enforced = false;
    std::optional<Reason> refusal = std::nullopt;  ///< in shadow mode: what mode high says to its certificate
    std::string refusal_detail = {};
    std::uint64_t rules = 0;
    std::uint64_t requests = 0;  ///< in shadow mode, under these rules
    std::uint64_t denied = 0;    ///< of these, that mode high denies
    std::optional<Reason> last_denial = std::nullopt;
    std::string last_denial_detail = {};
    std::chrono::sys_seconds first_seen{};
    std::chrono::sys_seconds last_seen{};
    std::uint64_t requests_seen = 0;  ///< in any mode
    std::uint64_t bytes_in = 0;       ///< of bodies, from the device
    std::uint64_t bytes_out = 0;      ///< of bodies, to the device
    Refusals refusals = {};           ///< of handshakes and requests of the device itself
    /// Of handshakes in which somebody gave its name and proved nothing: who that was, nobody knows.
    Refusals claims = {};

    bool operator==(const KnownDevice&) const = default;
};

/// What a device used of one day's `limits.device.bytes_per_day`.
struct DailyBytes {
    std::string device = {};
    std::chrono::sys_days day{};
    std::uint64_t bytes = 0;

    bool operator==(const DailyBytes&) const = default;
};

}  // namespace sallyport::gateway
