#pragma once

#include "gateway/snapshot.h"
#include "pki/certificate.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// One certificate below the anchor, and the CRL that decided about it.
struct ExplainedLink {
    std::string subject;
    std::string serial;  ///< hex
    std::chrono::sys_seconds not_after;
    pki::RevocationAnswer::Status status;
    pki::CrlReason reason;
    std::chrono::sys_seconds revoked_at{};
    std::optional<std::chrono::sys_seconds> invalid_since{};
    std::optional<pki::CrlFacts> crl{};       ///< the one that decided
    std::optional<pki::CrlFacts> complete{};  ///< the complete CRL below it, when a delta decided
    std::optional<pki::CrlState> crl_state{};
    std::chrono::sys_seconds enforced_until{};  ///< end of the grace
};

/// A certificate as it was presented, for people who wonder why it is not trusted.
struct PresentedCertificate {
    std::string subject;
    std::string issuer;
    std::string serial;  ///< hex
    std::optional<pki::Validity> validity;
};

/// What the policy says to one request.
struct ExplainedRequest {
    std::string request;
    std::string action;
    std::optional<Denial> denial;  ///< nothing means allowed
};

/// Why a device is let in or not, and what it may do.
struct Explanation {
    std::string device;  ///< empty when the certificate names none; a mere claim when there are no links
    std::optional<pki::ChainRefusal> refusal;
    std::vector<ExplainedLink> links;  ///< empty when no path to an anchor was found
    std::vector<PresentedCertificate> presented;
    std::vector<ExplainedRequest> requests;
};

/// Asks what a handshake and the request gates of `listener`, which asks for certificates, would, with this
/// snapshot at this time. `chain` is the peer's certificate and then what it sent; `requests` are
/// "METHOD /bucket/key?query".
Explanation explain(const Snapshot& snapshot, const ListenerRules& listener,
                    std::vector<pki::CertificatePtr> chain, std::chrono::sys_seconds at,
                    const std::vector<std::string>& requests);

std::string as_text(const Explanation& explanation);
std::string as_json(const Explanation& explanation);

}  // namespace sallyport::gateway
