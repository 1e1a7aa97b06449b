#include "pki/tls_client.h"

#include <ctime>
#include <utility>

#include <openssl/err.h>

namespace sallyport::pki {
namespace {

constexpr const char* tls_1_2_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* curves = "X25519:P-256:P-384";
constexpr int security_level = 2;
/// Several records in each system call while a body flows.
constexpr std::size_t read_ahead_bytes = 32 * 1024;
constexpr std::size_t max_sessions = 16;
constexpr std::time_t session_seconds = 3600;

int sessions_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

int keep_session(SSL* connection, SSL_SESSION* session) {
    static_cast<ClientSessions*>(SSL_get_ex_data(connection, sessions_slot()))->keep(SessionPtr(session));
    return 1;  // the reference that OpenSSL handed us is ours now
}

Error refused(std::string_view doing) {
    return {Fault::input, take_openssl_errors(doing)};
}

}  // namespace

void ClientSessions::keep(SessionPtr session) {
    const std::lock_guard lock(mutex_);
    if (sessions_.size() == max_sessions) sessions_.erase(sessions_.begin());
    sessions_.push_back(std::move(session));
}

SessionPtr ClientSessions::take() {
    const std::lock_guard lock(mutex_);
    while (!sessions_.empty()) {
        SSL_SESSION* newest = sessions_.back().get();
        if (SSL_SESSION_get_time(newest) + session_seconds < std::time(nullptr) ||
            SSL_SESSION_is_resumable(newest) != 1) {
            sessions_.pop_back();
            continue;
        }
        if (SSL_SESSION_get_protocol_version(newest) < TLS1_3_VERSION) {
            SSL_SESSION_up_ref(newest);
            return SessionPtr(newest);
        }
        SessionPtr taken = std::move(sessions_.back());
        sessions_.pop_back();
        return taken;
    }
    return nullptr;
}

Result<std::shared_ptr<const TlsClient>> TlsClient::create(TlsClientSettings settings) {
    const std::shared_ptr<TlsClient> client(new TlsClient);
    client->context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!client->context_) return Error{Fault::runtime, take_openssl_errors("cannot set up TLS")};
    client->identity_ = std::move(settings.identity);
    if (auto done = client->configure(settings); !done) return done.error();
    return std::shared_ptr<const TlsClient>(client);
}

Result<void> TlsClient::configure(const TlsClientSettings& settings) {
    SSL_CTX* ctx = context_.get();
    SSL_CTX_set_security_level(ctx, security_level);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // RELEASE_BUFFERS: until the server has proved itself; see `keep_record_buffers`.
    SSL_CTX_set_mode(
        ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, read_ahead_bytes);
    const int least = settings.only_tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(ctx, least) != 1 || SSL_CTX_set_cipher_list(ctx, tls_1_2_suites) != 1 ||
        SSL_CTX_set1_groups_list(ctx, curves) != 1)
        return refused("cannot set the TLS suites");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    if (identity_) {
        // Otherwise OpenSSL would fill gaps of our chain with what we trust.
        SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
        if (!identity_->use_in(*ctx)) return refused("cannot use the client certificate");
    }
    return trust(settings.anchors);
}

Result<void> TlsClient::trust(const std::vector<CertificatePtr>& anchors) {
    if (anchors.empty()) {
        if (SSL_CTX_set_default_verify_paths(context_.get()) != 1)
            return refused("cannot use the certificates that the system trusts");
        return {};
    }
    X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    for (const CertificatePtr& anchor : anchors) {
        if (X509_STORE_add_cert(store, anchor.get()) != 1) return refused("cannot trust a certificate");
    }
    return {};
}

SslPtr TlsClient::new_connection(const std::string& name, ClientSessions& sessions) const {
    ERR_clear_error();
    SslPtr connection(SSL_new(context_.get()));
    if (!connection || SSL_set_ex_data(connection.get(), sessions_slot(), &sessions) != 1) return nullptr;
    SSL_set_connect_state(connection.get());
    X509_VERIFY_PARAM* expected = SSL_get0_param(connection.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) != 1) {
        ERR_clear_error();
        X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) != 1 ||
            SSL_set_tlsext_host_name(connection.get(), name.c_str()) != 1)
            return nullptr;
    }
    if (const SessionPtr session = sessions.take()) SSL_set_session(connection.get(), session.get());
    return connection;
}

std::string verification_problem(const SSL& connection) {
    const long result = SSL_get_verify_result(&connection);
    return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace sallyport::pki
