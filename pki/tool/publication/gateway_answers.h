#pragma once

#include "pki/result.h"
#include "pki/tool/publication/gateway_watch.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// What the answers of a gateway's admin listener say. Pure.
namespace sallyport::pki {

/// What a gateway enforces of the list that is wanted.
struct EnforcedCrl {
    std::string number = {};  ///< the lowest of its lists that fit, decimal; empty: it has none
    /// Some connections may still follow an older list: the newest configuration is not everywhere yet.
    bool is_spreading = false;
};

/// Reads `/status` (JSON). Of two lists with the same issuer's name and partition (another key, another
/// scope) the older counts. Errors: what is no such document.
Result<EnforcedCrl> enforced_crl(std::string_view status, const WantedCrl& wanted);

/// Compares CRL numbers in decimal; an empty one, which is none, is below all.
bool is_at_least(std::string_view number, std::string_view wanted) noexcept;

/// How often CRLs of an issuer, or ones that could not be read, were refused, by result.
using Refusals = std::map<std::string, double, std::less<>>;

/// Reads `sallyport_crl_loads_total` of `/metrics` (Prometheus text format 0.0.4).
Refusals refusals(std::string_view metrics, std::string_view issuer);

/// The results that were counted since `before`, as a text for people with what to do; empty when none was. A
/// count that went down began anew: the gateway was started again.
std::string new_refusals(const Refusals& before, const Refusals& now);

}  // namespace sallyport::pki
