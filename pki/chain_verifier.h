#pragma once

#include "pki/openssl.h"
#include "pki/result.h"
#include "pki/revocation_index.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// Why a peer's certificate chain is refused; the words are the project's closed list of TLS reasons.
enum class Refusal {
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
};
std::string_view to_string(Refusal refusal) noexcept;

/// The X509_V_ERR_* code that makes OpenSSL send the TLS alert which fits `refusal` (RFC 8446 6.2).
int verify_error(Refusal refusal) noexcept;

struct ChainRefusal {
    Refusal reason;
    std::string detail;  ///< for the log
};
template <class T>
using ChainResult = boost::system::result<T, ChainRefusal>;
[[noreturn]] void throw_exception_from_error(const ChainRefusal& refusal, const boost::source_location&);

/// One certificate of a verified path, reduced to what revocation and time can still change about it.
struct ChainLink {
    IssuerId issuer;
    std::string serial;  ///< minimal INTEGER octets
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
    PointIds points = {};  ///< where its revocation would be published, if its issuer partitions its CRLs

    bool operator==(const ChainLink&) const = default;
};

/// A path whose signatures, constraints and purpose were verified.
struct VerifiedPath {
    std::vector<ChainLink> links;  ///< without the anchor: the peer's own certificate first
    std::chrono::sys_seconds anchor_not_after = std::chrono::sys_seconds::max();

    bool operator==(const VerifiedPath&) const = default;
};

/// Which certificates of a chain need a CRL in force.
enum class RevocationRequirement { chain, leaf };

class TrustAnchors;

/// What a client's certificate may lack, and what its path must not have.
struct LeafRules {
    /// Old CAs issue device certificates without extended key usage. One that has the extension must state
    /// clientAuth in any case.
    bool allow_missing_extended_key_usage = false;
    /// RSA; the keys above it in the chain, and all signatures, are held to `strong_rsa_bits` in any case.
    unsigned minimum_rsa_bits = strong_rsa_bits;
    /// A path that leads over one of these authorities is refused, wherever it ends: they certify clients of
    /// another kind, and a peer can send what links them to an anchor. May be null.
    std::shared_ptr<const TrustAnchors> never_over = nullptr;

    static constexpr unsigned strong_rsa_bits = 2048;
};

/// What device certificates may chain to. Immutable; thread-safe.
class TrustAnchors {
  public:
    /// `anchors` are trusted, whether roots or intermediates (RFC 5280 6.1.1 leaves the choice to us);
    /// `intermediates` complete chains that peers send incompletely and are not trusted by themselves.
    static Result<TrustAnchors> create(std::vector<CertificatePtr> anchors,
                                       std::vector<CertificatePtr> intermediates);

    /// All certificates above, for finding the signers of CRLs.
    std::vector<X509*> authorities() const;

    const std::vector<CertificatePtr>& anchors() const noexcept { return anchors_; }
    const std::vector<CertificatePtr>& intermediates() const noexcept { return intermediates_; }
    X509_STORE* store() const noexcept { return store_.get(); }

  private:
    StorePtr store_;
    std::vector<CertificatePtr> anchors_;
    std::vector<CertificatePtr> intermediates_;
};

/// Builds and checks the path of the peer's certificate that `context` carries: signatures, dates,
/// constraints (RFC 5280 6.1, strict), purpose TLS client, and then what OpenSSL leaves open: a version 3
/// end-entity certificate with EKU clientAuth (but for `LeafRules`), below an anchor that is not itself.
/// Revocation is *not* asked here, so that a stranger's forged certificate never reaches the index.
ChainResult<VerifiedPath> verify_path(X509_STORE_CTX& context, const TrustAnchors& trust,
                                      const LeafRules& rules = {});

/// The same for certificates that do not come from a TLS handshake, at the time `at`.
ChainResult<VerifiedPath> verify_path(X509& leaf, const std::vector<CertificatePtr>& sent,
                                      const TrustAnchors& trust, std::chrono::sys_seconds at,
                                      const LeafRules& rules = {});

/// Is `authority` one of the anchors, one that has the key of an anchor, or certified below one? Dates do not
/// matter.
bool is_below(const X509& authority, const TrustAnchors& trust);

/// What may have changed since the path was verified: dates and revocation of each link, the leaf first.
/// Cheap enough for every request. Nothing means "let in".
std::optional<ChainRefusal> recheck(const VerifiedPath& path, const RevocationIndex& index,
                                    RevocationRequirement requirement, std::chrono::sys_seconds now);

}  // namespace sallyport::pki
