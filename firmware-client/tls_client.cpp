#include "firmware-client/tls_client.h"

#include "pki/time.h"

#include <arpa/inet.h>
#include <openssl/err.h>

namespace sallyport::device {
namespace {

constexpr const char* suites_of(CipherGroup group) {
    switch (group) {
        case CipherGroup::first:
            return "AES128-SHA:DHE-RSA-AES128-SHA:ECDHE-RSA-AES128-SHA";
        case CipherGroup::second:
            return "AES128-SHA:DHE-RSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
                   "AES128-SHA256:DHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256";
        case CipherGroup::third:
            return "AES128-SHA:DHE-RSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
                   "AES128-SHA256:DHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
                   "AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
    }
    return "";
}

// With TLS 1.3 besides: what TLS 1.2 has with forward secrecy and authenticated encryption.
constexpr const char* modern_suites =
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256";

// The devices know RSA certificates only; of two that a server has, this also chooses the right one.
constexpr const char* signature_algorithms =
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

// Level 2: no RSA or DH under 2048 bits, no SHA-1 signatures. SHA-1 as a MAC (group 1) is not affected.
constexpr int security_level = 2;
constexpr std::chrono::hours session_lifetime{1};

Error configuration_error(std::string_view doing) {
    return {Fault::configuration, pki::take_openssl_errors(doing)};
}

bool name_matches(X509* certificate, const std::string& host, bool is_address) {
    if (is_address && X509_check_ip_asc(certificate, host.c_str(), 0) == 1) return true;
    // OpenSSL looks at the CN only when there is no SAN; the device takes either. An address has no labels
    // that an asterisk could stand for.
    const unsigned flags = X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                           (is_address ? X509_CHECK_FLAG_NO_WILDCARDS : 0U);
    return X509_check_host(certificate, host.data(), host.size(), flags, nullptr) == 1;
}

}  // namespace

int TlsClient::verify(X509_STORE_CTX* context, void* self) {
    auto& client = *static_cast<TlsClient*>(self);
    client.verified_at_ = client.clock_();
    const auto now = pki::c_time(client.verified_at_);
    if (!now) {  // OpenSSL cannot be asked about such a time
        X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), *now);
    if (X509_verify_cert(context) != 1) return 0;
    if (name_matches(X509_STORE_CTX_get0_cert(context), client.host_, client.host_is_address_)) return 1;
    X509_STORE_CTX_set_error(context, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}

int TlsClient::keep_session(SSL* connection, SSL_SESSION* session) {
    static_cast<TlsClient*>(SSL_get_app_data(connection))->session_.reset(session);
    return 1;  // the reference that OpenSSL handed us is ours now
}

Result<std::unique_ptr<TlsClient>> TlsClient::create(std::string host,
                                                     std::span<const pki::CertificatePtr> trusted,
                                                     const ClientIdentity* identity, TlsVersions versions,
                                                     WallClock clock) {
    std::unique_ptr<TlsClient> client{new TlsClient};
    in_addr address{};
    client->host_is_address_ = ::inet_pton(AF_INET, host.c_str(), &address) == 1;
    client->host_ = std::move(host);
    client->versions_ = versions;
    client->clock_ = std::move(clock);
    client->context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!client->context_) return Error{Fault::card, pki::take_openssl_errors("cannot start TLS")};
    if (auto done = client->configure(trusted); !done) return done.error();
    if (identity != nullptr) {
        if (auto done = client->use_identity(*identity); !done) return done.error();
    }
    return client;
}

Result<void> TlsClient::configure(std::span<const pki::CertificatePtr> trusted) {
    SSL_CTX* const context = context_.get();
    const bool modern = versions_ == TlsVersions::modern;
    SSL_CTX_set_security_level(context, security_level);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, &TlsClient::verify, this);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, &TlsClient::keep_session);
    const bool set = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                     SSL_CTX_set_max_proto_version(context, modern ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
                     SSL_CTX_set1_groups_list(context, modern ? "X25519:P-256" : "P-256") == 1 &&
                     SSL_CTX_set1_sigalgs_list(context, signature_algorithms) == 1;
    if (!set) return configuration_error("cannot set the TLS versions");

    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    // Any certificate of the bundle is an anchor, not only a self-signed one.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto& certificate : trusted) {
        if (X509_STORE_add_cert(store, certificate.get()) != 1) {
            return configuration_error("cannot trust a certificate of certs_server.p7b");
        }
    }
    return {};
}

Result<void> TlsClient::use_identity(const ClientIdentity& identity) {
    if (SSL_CTX_use_certificate(context_.get(), identity.certificate.get()) != 1) {
        return configuration_error("cannot use the certificate of certs_device.p7b");
    }
    if (SSL_CTX_use_PrivateKey(context_.get(), identity.key.get()) != 1) {
        return configuration_error("cannot use the key of certs_device.key");
    }
    for (const auto& certificate : identity.chain) {
        if (SSL_CTX_add1_chain_cert(context_.get(), certificate.get()) != 1) {
            return configuration_error("cannot use the chain of certs_device.p7b");
        }
    }
    // Otherwise OpenSSL would fill gaps of the chain with the server's trust.
    SSL_CTX_set_mode(context_.get(), SSL_MODE_NO_AUTO_CHAIN);
    return {};
}

Result<pki::SslPtr> TlsClient::new_connection(CipherGroup group) {
    ERR_clear_error();
    if (std::chrono::abs(clock_() - verified_at_) >= session_lifetime) forget_session();
    pki::SslPtr connection{SSL_new(context_.get())};
    const char* const suites = has_cipher_groups() ? suites_of(group) : modern_suites;
    if (!connection || SSL_set_cipher_list(connection.get(), suites) != 1) {
        return Error{Fault::card, pki::take_openssl_errors("cannot start a TLS connection")};
    }
    SSL_set_app_data(connection.get(), this);
    SSL_set_connect_state(connection.get());
    if (!host_is_address_ && SSL_set_tlsext_host_name(connection.get(), host_.c_str()) != 1) {
        return Error{Fault::configuration, pki::take_openssl_errors("the endpoint's host name is unusable")};
    }
    if (session_ && SSL_set_session(connection.get(), session_.get()) != 1) {
        return Error{Fault::card, pki::take_openssl_errors("cannot offer the last TLS session")};
    }
    return connection;
}

}  // namespace sallyport::device
