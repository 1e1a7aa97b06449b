#pragma once

#include "pki/chain_verifier.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sallyport::gateway {

/// Why something was refused or failed: one closed list of words for log, metric, audit trail and `explain`.
enum class Reason {
    // TLS
    no_certificate,
    untrusted_issuer,
    expired,
    not_yet_valid,
    revoked,
    crl_missing,
    crl_expired,
    crl_scope,
    wrong_purpose,
    weak_key,
    bad_signature,
    bad_identity,
    no_shared_cipher,
    protocol,
    timeout,
    peer_closed,
    limit,
    // request
    wrong_prefix,
    action_denied,
    ambiguous_path,
    access_key,
    clock_skew,
    malformed,
    too_large,
    rate_limit,
    store_down,
    store_timeout,
    store_malformed,
};
inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::store_malformed) + 1;
inline constexpr std::size_t tls_reason_count =
    static_cast<std::size_t>(Reason::limit) + 1;  ///< the first ones

std::string_view to_string(Reason reason) noexcept;
Reason reason_of(pki::Refusal refusal) noexcept;
/// Did the gateway say no? The rest are failures: a peer that left or stood still, a store that was of no
/// use.
bool is_refusal(Reason reason) noexcept;

/// A request that is not served: what the log says and what the client hears.
struct Denial {
    Reason reason;
    unsigned status;                      ///< HTTP status
    std::string_view s3_code;             ///< from the S3 list of error codes; lives as long as the process
    std::string_view message;             ///< for the client; says nothing that it should not know
    std::string detail;                   ///< for the log
    std::chrono::seconds retry_after{0};  ///< when it is worth trying again; 0 = not said
};
template <class T>
using Result = boost::system::result<T, Denial>;
[[noreturn]] void throw_exception_from_error(const Denial& denial, const boost::source_location&);

/// Denials with the status, code and message that S3 clients know.
Denial access_denied(Reason reason, std::string detail);
Denial bad_request(Reason reason, std::string detail);
Denial method_not_allowed(std::string detail);
Denial entity_too_large(std::string detail);
Denial slow_down(std::string detail, std::chrono::seconds retry_after);
Denial store_unavailable(Reason reason, std::string detail);
Denial bad_gateway(std::string detail);
Denial gateway_timeout(std::string detail);
Denial request_timeout(std::string detail);

}  // namespace sallyport::gateway
