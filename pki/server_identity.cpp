#include "pki/server_identity.h"

#include "pki/certificate.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return lower;
}

}  // namespace

Result<ServerIdentity> ServerIdentity::create(std::vector<CertificatePtr> chain, KeyPtr key,
                                              std::string origin) {
    ServerIdentity identity;
    if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
        take_openssl_errors("");
        return Error{Fault::input, origin + ": the private key does not fit the server certificate"};
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
    for (const std::string& name : certificate_dns_names(*chain.front())) {
        if (name.starts_with("*.")) {
            identity.wildcards_.push_back(name.substr(1));
        } else {
            identity.names_.push_back(name);
        }
    }
    identity.origin_ = std::move(origin);
    identity.chain_ = std::move(chain);
    identity.key_ = std::move(key);
    return identity;
}

ServerIdentity::Fit ServerIdentity::fit(std::string_view server_name) const {
    const std::string name = lower_case(server_name);
    if (std::ranges::find(names_, name) != names_.end()) return Fit::exact;
    const auto dot = name.find('.');
    if (dot == std::string::npos || dot == 0) return Fit::none;
    const bool covered = std::ranges::find(wildcards_, name.substr(dot)) != wildcards_.end();
    return covered ? Fit::wildcard : Fit::none;
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

}  // namespace sallyport::pki
