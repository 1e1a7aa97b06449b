#include "pki/chain_verifier.h"

#include "pki/certificate.h"
#include "pki/time.h"

#include <new>
#include <stdexcept>

namespace sallyport::pki {
namespace {

/// Of RSA with 2048 bits, and the least that is asked of a digest (NIST SP 800-57 part 1, table 2).
constexpr int strong_security_bits = 112;
/// Devices sit at most this deep: leaf, issuing CA, policy CA, root and one to spare.
constexpr int max_depth = 4;

Refusal refusal_of(int error) noexcept {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
            return Refusal::expired;
        case X509_V_ERR_CERT_NOT_YET_VALID:
        case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
            return Refusal::not_yet_valid;
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
        case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
            return Refusal::bad_signature;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK:
            return Refusal::weak_key;
        case X509_V_ERR_INVALID_PURPOSE:
        case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
        case X509_V_ERR_CERT_REJECTED:
            return Refusal::wrong_purpose;
        default:
            return Refusal::untrusted_issuer;
    }
}

ChainRefusal refuse(Refusal reason, const X509* certificate, std::string_view detail) {
    std::string text{detail};
    if (certificate != nullptr) text += " (" + name_text(*X509_get_subject_name(certificate)) + ")";
    return {reason, std::move(text)};
}

/// What a device certificate must be beyond what OpenSSL's purpose check asks.
std::optional<ChainRefusal> check_leaf(X509& leaf, const LeafRules& rules) {
    constexpr int version_3 = 2;  // RFC 5280 4.1.2.1
    if (X509_get_version(&leaf) != version_3)
        return refuse(Refusal::wrong_purpose, &leaf, "not a version 3 certificate");
    if (X509_check_ca(&leaf) != 0)
        return refuse(Refusal::wrong_purpose, &leaf, "a CA certificate is no device");
    const std::uint32_t usage = X509_get_extended_key_usage(&leaf);  // UINT32_MAX when absent
    const bool states_usage = (X509_get_extension_flags(&leaf) & EXFLAG_XKUSAGE) != 0;
    if (!states_usage && rules.allow_missing_extended_key_usage) return std::nullopt;
    if (!states_usage || (usage & XKU_SSL_CLIENT) == 0) {
        return refuse(Refusal::wrong_purpose, &leaf, "its extended key usage does not state clientAuth");
    }
    return std::nullopt;
}

/// OpenSSL's security level is one for the whole path: level 2 asks for 112 bits, 1 for 80, 0 for nothing.
int auth_level_for(const LeafRules& rules) noexcept {
    constexpr unsigned level_1_bits = 1024;
    if (rules.minimum_rsa_bits >= LeafRules::strong_rsa_bits) return 2;
    return rules.minimum_rsa_bits >= level_1_bits ? 1 : 0;
}

/// A weak key that is allowed must weaken nothing but itself.
std::optional<ChainRefusal> check_strength(const STACK_OF(X509) & chain, const LeafRules& rules) {
    const int anchor = sk_X509_num(&chain) - 1;
    for (int i = 0; i <= anchor; ++i) {
        X509* certificate = sk_X509_value(&chain, i);
        const EVP_PKEY* key = X509_get0_pubkey(certificate);
        const bool excused = i == 0 && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
        if (excused ? EVP_PKEY_get_bits(key) < static_cast<int>(rules.minimum_rsa_bits)
                    : EVP_PKEY_get_security_bits(key) < strong_security_bits) {
            return refuse(Refusal::weak_key, certificate,
                          "a key of " + std::to_string(EVP_PKEY_get_bits(key)) + " bits");
        }
        int signature_bits = 0;
        if (i < anchor &&
            (X509_get_signature_info(certificate, nullptr, nullptr, &signature_bits, nullptr) != 1 ||
             signature_bits < strong_security_bits)) {
            return refuse(Refusal::weak_key, certificate, "signed with a digest that is too weak");
        }
    }
    return std::nullopt;
}

std::optional<ChainRefusal> check_authorities(const STACK_OF(X509) & chain, const LeafRules& rules) {
    if (!rules.never_over) return std::nullopt;
    for (int i = 1; i < sk_X509_num(&chain); ++i) {
        for (const X509* other : rules.never_over->authorities()) {
            if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(&chain, i)), X509_get0_pubkey(other)) == 1)
                return refuse(Refusal::untrusted_issuer, other, "this CA certifies clients of another kind");
        }
    }
    return std::nullopt;
}

bool lacks_issuer(int error) noexcept {
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

/// A CA that was made anew, or somebody else's of the same name, puzzles everybody who compares names.
std::string hint_of_namesake(const X509& certificate, const TrustAnchors& trust) {
    for (const X509* authority : trust.authorities()) {
        const X509_NAME* name = X509_get_subject_name(authority);
        if (X509_NAME_cmp(name, X509_get_issuer_name(&certificate)) == 0 ||
            X509_NAME_cmp(name, X509_get_subject_name(&certificate)) == 0) {
            return "; a CA of the name " + name_text(*name) + " is known, but with another key";
        }
    }
    return "";
}

ChainResult<VerifiedPath> path_of(const STACK_OF(X509) & chain) {
    VerifiedPath path;
    const int anchor = sk_X509_num(&chain) - 1;
    for (int i = 0; i < anchor; ++i) {
        const X509* certificate = sk_X509_value(&chain, i);
        const auto dates = validity(*certificate);
        if (!dates) return ChainRefusal{Refusal::expired, dates.error().message};
        path.links.push_back({issuer_id(*sk_X509_value(&chain, i + 1)), serial_octets(*certificate),
                              dates->not_before, dates->not_after, distribution_points(*certificate)});
    }
    const auto dates = validity(*sk_X509_value(&chain, anchor));
    if (!dates) return ChainRefusal{Refusal::expired, dates.error().message};
    path.anchor_not_after = dates->not_after;
    return path;
}

ChainRefusal refuse_revoked(const ChainLink& link, const RevocationAnswer& answer) {
    return {Refusal::revoked, "serial " + hex(link.serial) + ", reason " +
                                  std::string(to_string(answer.reason)) + ", CRL number " +
                                  answer.crl->number + " of " + answer.crl->issuer_name};
}

std::optional<ChainRefusal> recheck_link(const ChainLink& link, const RevocationIndex& index,
                                         RevocationIndex::Subject subject, std::chrono::sys_seconds now) {
    using Status = RevocationAnswer::Status;
    const Bytes serial(reinterpret_cast<const std::uint8_t*>(link.serial.data()), link.serial.size());
    const auto answer = index.ask(link.issuer, serial, link.points, subject, now);
    switch (answer.status) {
        case Status::good:
            return std::nullopt;
        case Status::revoked:
            return refuse_revoked(link, answer);
        case Status::crl_missing:
            return ChainRefusal{Refusal::crl_missing,
                                "no CRL in force from the issuer of serial " + hex(link.serial)};
        case Status::crl_expired:
            return ChainRefusal{Refusal::crl_expired, "the CRL of " + answer.crl->issuer_name + " (" +
                                                          answer.crl->origin + ") expired beyond its grace"};
        case Status::crl_scope:
            return ChainRefusal{Refusal::crl_scope,
                                "no CRL speaks about the distribution point of serial " + hex(link.serial)};
    }
    return ChainRefusal{Refusal::crl_missing, "?"};
}

}  // namespace

std::string_view to_string(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::no_certificate:
            return "no_certificate";
        case Refusal::untrusted_issuer:
            return "untrusted_issuer";
        case Refusal::expired:
            return "expired";
        case Refusal::not_yet_valid:
            return "not_yet_valid";
        case Refusal::revoked:
            return "revoked";
        case Refusal::crl_missing:
            return "crl_missing";
        case Refusal::crl_expired:
            return "crl_expired";
        case Refusal::crl_scope:
            return "crl_scope";
        case Refusal::wrong_purpose:
            return "wrong_purpose";
        case Refusal::weak_key:
            return "weak_key";
        case Refusal::bad_signature:
            return "bad_signature";
        case Refusal::bad_identity:
            return "bad_identity";
    }
    return "?";
}

int verify_error(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::no_certificate:
            return X509_V_ERR_UNSPECIFIED;
        case Refusal::untrusted_issuer:
            return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;  // unknown_ca
        case Refusal::expired:
            return X509_V_ERR_CERT_HAS_EXPIRED;  // certificate_expired
        case Refusal::not_yet_valid:
            return X509_V_ERR_CERT_NOT_YET_VALID;  // bad_certificate
        case Refusal::revoked:
            return X509_V_ERR_CERT_REVOKED;  // certificate_revoked
        // Our CRL's trouble is not the device's: "expired" would make it renew its certificate in vain.
        case Refusal::crl_missing:
        case Refusal::crl_expired:
        case Refusal::crl_scope:
            return X509_V_ERR_APPLICATION_VERIFICATION;  // handshake_failure
        case Refusal::wrong_purpose:
            return X509_V_ERR_INVALID_PURPOSE;  // unsupported_certificate
        case Refusal::weak_key:
            return X509_V_ERR_EE_KEY_TOO_SMALL;  // bad_certificate
        case Refusal::bad_signature:
            return X509_V_ERR_CERT_SIGNATURE_FAILURE;  // decrypt_error
        case Refusal::bad_identity:
            return X509_V_ERR_APPLICATION_VERIFICATION;
    }
    return X509_V_ERR_UNSPECIFIED;
}

void throw_exception_from_error(const ChainRefusal& refusal, const boost::source_location&) {
    throw std::logic_error("unchecked chain refusal: " + refusal.detail);
}

Result<TrustAnchors> TrustAnchors::create(std::vector<CertificatePtr> anchors,
                                          std::vector<CertificatePtr> intermediates) {
    TrustAnchors trust;
    trust.store_.reset(X509_STORE_new());
    if (!trust.store_) return Error{Fault::runtime, take_openssl_errors("cannot make a trust store")};
    for (const auto& anchor : anchors) {
        if (X509_check_ca(anchor.get()) == 0) {
            return Error{Fault::input, "trust: " + name_text(*X509_get_subject_name(anchor.get())) +
                                           " is no CA certificate; name the CA that issued the devices"};
        }
        if (X509_STORE_add_cert(trust.store_.get(), anchor.get()) != 1) {
            return Error{Fault::runtime, take_openssl_errors("trust: cannot add a certificate")};
        }
    }
    X509_STORE_set_flags(trust.store_.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
    X509_STORE_set_depth(trust.store_.get(), max_depth);
    trust.anchors_ = std::move(anchors);
    trust.intermediates_ = std::move(intermediates);
    return trust;
}

std::vector<X509*> TrustAnchors::authorities() const {
    std::vector<X509*> all;
    for (const auto& anchor : anchors_)
        all.push_back(anchor.get());
    for (const auto& intermediate : intermediates_)
        all.push_back(intermediate.get());
    return all;
}

ChainResult<VerifiedPath> verify_path(X509_STORE_CTX& context, const TrustAnchors& trust,
                                      const LeafRules& rules) {
    // Never the level of the connection: that one follows from what the client's hello can do.
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(&context), auth_level_for(rules));
    // The peer's certificates come first, ours complete them. A plain stack: it owns nothing.
    const std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>
        untrusted(sk_X509_dup(X509_STORE_CTX_get0_untrusted(&context)));
    STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(&context);
    if (!untrusted) return ChainRefusal{Refusal::untrusted_issuer, take_openssl_errors("out of memory")};
    for (const auto& intermediate : trust.intermediates())
        sk_X509_push(untrusted.get(), intermediate.get());
    X509_STORE_CTX_set0_untrusted(&context, untrusted.get());
    const int verified = X509_verify_cert(&context);
    X509_STORE_CTX_set0_untrusted(&context, sent);

    if (verified != 1) {
        const int error = X509_STORE_CTX_get_error(&context);
        take_openssl_errors("");
        const X509* current = X509_STORE_CTX_get_current_cert(&context);
        ChainRefusal refusal = refuse(refusal_of(error), current, X509_verify_cert_error_string(error));
        if (lacks_issuer(error) && current != nullptr) refusal.detail += hint_of_namesake(*current, trust);
        return refusal;
    }
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(&context);
    X509* leaf = X509_STORE_CTX_get0_cert(&context);
    if (chain == nullptr || sk_X509_num(chain) < 2) {
        return refuse(Refusal::untrusted_issuer, leaf, "a device's own certificate is no anchor");
    }
    if (auto refusal = check_strength(*chain, rules)) return *refusal;
    if (auto refusal = check_authorities(*chain, rules)) return *refusal;
    if (auto refusal = check_leaf(*leaf, rules)) return *refusal;
    return path_of(*chain);
}

ChainResult<VerifiedPath> verify_path(X509& leaf, const std::vector<CertificatePtr>& sent,
                                      const TrustAnchors& trust, std::chrono::sys_seconds at,
                                      const LeafRules& rules) {
    const StoreContextPtr context(X509_STORE_CTX_new());
    const CertificateStackPtr untrusted(sk_X509_new_null());
    if (!context || !untrusted) return ChainRefusal{Refusal::untrusted_issuer, "out of memory"};
    for (const auto& certificate : sent) {
        X509_up_ref(certificate.get());
        sk_X509_push(untrusted.get(), certificate.get());
    }
    if (X509_STORE_CTX_init(context.get(), trust.store(), &leaf, untrusted.get()) != 1 ||
        X509_STORE_CTX_set_default(context.get(), "ssl_client") != 1) {
        return ChainRefusal{Refusal::untrusted_issuer, take_openssl_errors("cannot verify")};
    }
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    const auto time = c_time(at);
    if (!time) return ChainRefusal{Refusal::untrusted_issuer, "no certificate can be judged at such a time"};
    X509_VERIFY_PARAM_set_time(parameters, *time);
    return verify_path(*context, trust, rules);
}

bool is_below(const X509& authority, const TrustAnchors& trust) {
    const EVP_PKEY* key = X509_get0_pubkey(&authority);
    for (const auto& anchor : trust.anchors()) {
        if (key != nullptr && EVP_PKEY_eq(X509_get0_pubkey(anchor.get()), key) == 1) return true;
    }
    const StoreContextPtr context(X509_STORE_CTX_new());
    const CertificateStackPtr between(sk_X509_new_null());
    if (!context || !between) throw std::bad_alloc();
    for (const auto& intermediate : trust.intermediates()) {
        X509_up_ref(intermediate.get());
        sk_X509_push(between.get(), intermediate.get());
    }
    if (X509_STORE_CTX_init(context.get(), trust.store(), const_cast<X509*>(&authority), between.get()) != 1)
        throw std::bad_alloc();
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()), X509_V_FLAG_NO_CHECK_TIME);
    const bool below = X509_verify_cert(context.get()) == 1;
    take_openssl_errors("");
    return below;
}

std::optional<ChainRefusal> recheck(const VerifiedPath& path, const RevocationIndex& index,
                                    RevocationRequirement requirement, std::chrono::sys_seconds now) {
    for (std::size_t i = 0; i < path.links.size(); ++i) {
        const ChainLink& link = path.links[i];
        if (now < link.not_before) return ChainRefusal{Refusal::not_yet_valid, "serial " + hex(link.serial)};
        if (now > link.not_after) return ChainRefusal{Refusal::expired, "serial " + hex(link.serial)};
        const bool leaf = i == 0;
        if (!leaf && requirement == RevocationRequirement::leaf) continue;
        const auto subject = leaf ? RevocationIndex::Subject::user : RevocationIndex::Subject::authority;
        if (auto refusal = recheck_link(link, index, subject, now)) return refusal;
    }
    if (now > path.anchor_not_after) return ChainRefusal{Refusal::expired, "the trust anchor has expired"};
    return std::nullopt;
}

}  // namespace sallyport::pki
