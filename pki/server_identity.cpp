#include "pki/server_identity.h"

#include "pki/certificate.h"
#include "pki/time.h"

#include <algorithm>

namespace sallyport::pki {

Result<ServerIdentity> ServerIdentity::create(std::vector<CertificatePtr> chain, KeyPtr key,
                                              std::string origin) {
    ServerIdentity identity;
    if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
        take_openssl_errors("");
        return Error{Fault::input, origin + ": the private key does not fit the certificate"};
    }
    identity.issuers_.reset(sk_X509_new_null());
    if (!identity.issuers_) return Error{Fault::runtime, take_openssl_errors("out of memory")};
    for (std::size_t i = 1; i < chain.size(); ++i) {
        const X509* subject = chain[i - 1].get();
        const int fits = X509_check_issued(chain[i].get(), const_cast<X509*>(subject));
        if (fits != X509_V_OK) {
            return Error{Fault::input, origin + ": " + name_text(*X509_get_subject_name(subject)) +
                                           " was not issued by the certificate behind it, " +
                                           name_text(*X509_get_subject_name(chain[i].get())) +
                                           "; order the chain, or add the one that is missing"};
        }
        X509_up_ref(chain[i].get());
        sk_X509_push(identity.issuers_.get(), chain[i].get());
    }
    identity.names_ = certificate_dns_names(*chain.front());
    identity.origin_ = std::move(origin);
    identity.chain_ = std::move(chain);
    identity.key_ = std::move(key);
    return identity;
}

NameFit ServerIdentity::fit(std::string_view server_name) const {
    NameFit best = NameFit::none;
    for (const std::string& name : names_)
        best = std::max(best, fit_of(name, server_name));
    return best;
}

std::vector<std::string> ServerIdentity::warnings() const {
    std::vector<std::string> warnings;
    for (const CertificatePtr& certificate : chain_) {
        int digest = NID_undef;
        OBJ_find_sigid_algs(X509_get_signature_nid(certificate.get()), &digest, nullptr);
        if (digest == NID_sha384 || digest == NID_sha512) {
            warnings.push_back(origin_ + ": " + name_text(*X509_get_subject_name(certificate.get())) +
                               " is signed with " + OBJ_nid2sn(digest) +
                               ", which the WiFi modules of old devices do not know");
        }
    }
    return warnings;
}

bool ServerIdentity::use_in(SSL& connection) const {
    return SSL_use_certificate(&connection, chain_.front().get()) == 1 &&
           SSL_use_PrivateKey(&connection, key_.get()) == 1 &&
           SSL_set1_chain(&connection, issuers_.get()) == 1;
}

bool ServerIdentity::use_in(SSL_CTX& context) const {
    return SSL_CTX_use_certificate(&context, chain_.front().get()) == 1 &&
           SSL_CTX_use_PrivateKey(&context, key_.get()) == 1 &&
           SSL_CTX_set1_chain(&context, issuers_.get()) == 1;
}

std::optional<std::string> server_chain_problem(const std::vector<CertificatePtr>& chain,
                                                const std::vector<CertificatePtr>& anchors,
                                                std::chrono::sys_seconds now) {
    const StorePtr store(X509_STORE_new());
    const StoreContextPtr context(X509_STORE_CTX_new());
    const CertificateStackPtr sent(sk_X509_new_null());
    if (!store || !context || !sent) return "out of memory";
    for (const auto& anchor : anchors) {
        if (X509_STORE_add_cert(store.get(), anchor.get()) != 1)
            return take_openssl_errors("cannot add an anchor");
    }
    for (const auto& certificate : chain) {
        X509_up_ref(certificate.get());
        sk_X509_push(sent.get(), certificate.get());
    }
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    if (X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), sent.get()) != 1 ||
        X509_STORE_CTX_set_default(context.get(), "ssl_server") != 1) {
        return take_openssl_errors("cannot verify");
    }
    const auto time = c_time(now);
    if (!time) return "no certificate can be judged at such a time";
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), *time);
    if (X509_verify_cert(context.get()) == 1) return std::nullopt;
    const int error = X509_STORE_CTX_get_error(context.get());
    take_openssl_errors("");
    const X509* at = X509_STORE_CTX_get_current_cert(context.get());
    const bool lacks_issuer = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                              error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
                              error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
    if (lacks_issuer && at != nullptr) {
        return "the certificate of " + name_text(*X509_get_issuer_name(at)) +
               " is missing; add it to the chain file";
    }
    return X509_verify_cert_error_string(error);
}

}  // namespace sallyport::pki
