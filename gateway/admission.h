#pragma once

#include "gateway/rules/client.h"
#include "gateway/rules/identity.h"
#include "pki/chain_verifier.h"
#include "pki/tls_server.h"

#include <memory>
#include <string>

namespace sallyport::gateway {

/// Who is let in on a listener, and as what. Immutable once built; thread-safe.
struct Admission {
    ClientKind kind = ClientKind::credentials;  ///< of those who prove themselves
    /// `wanted` is shadow mode: what is wrong with a certificate is noted, and enforced for some.
    pki::ClientCertificate certificate = pki::ClientCertificate::unused;
    std::shared_ptr<const pki::TrustAnchors> trust;  ///< null when `certificate` is unused; so is the next
    std::shared_ptr<const Identification> identification;
    pki::LeafRules leaf_rules;
    std::string digest;  ///< of all of the above: who was let in under others must prove itself again

    bool asks() const { return certificate != pki::ClientCertificate::unused; }
    bool is_shadow() const { return certificate == pki::ClientCertificate::wanted; }
};

}  // namespace sallyport::gateway
