#include "pki/tls_server.h"

#include "pki/certificate.h"
#include "pki/server_library.h"
#include "pki/session_cache.h"
#include "pki/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/sha.h>

namespace sallyport::pki {
namespace {

/// The devices' suites with forward secrecy, and those without.
constexpr std::string_view forward_secret =
    "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:"
    "ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-SHA";
constexpr std::string_view static_rsa = "AES128-GCM-SHA256:AES128-SHA256:AES128-SHA";

/// TLS 1.2, strongest first; the server's order decides.
std::string suites_of(TlsProfile profile) {
    switch (profile) {
        case TlsProfile::canedge:
            return std::string(forward_secret) + ":" + std::string(static_rsa);
        case TlsProfile::canedge_forward_secret:
            return std::string(forward_secret);
        case TlsProfile::modern:
            return "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                   "ECDHE-RSA-AES256-GCM-SHA384";
    }
    return "";
}

constexpr const char* tls_1_3_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* curves = "X25519:P-256";
/// What clients may sign with, and we towards clients that say what they verify.
constexpr const char* signature_algorithms =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:RSA-PSS+SHA512:RSA+SHA512:"
    "ed25519:ed448:rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512";
constexpr int security_level = 2;
/// Several records per system call while a body flows.
constexpr std::size_t read_ahead_bytes = 32 * 1024;

int judge_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

int cache_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

int ticket_slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

PeerJudge& judge_of(const SSL* connection) {
    return *static_cast<PeerJudge*>(SSL_get_ex_data(connection, judge_slot()));
}

SessionCache& cache_of(const SSL_CTX* context) {
    return *static_cast<SessionCache*>(SSL_CTX_get_ex_data(context, cache_slot()));
}

std::string_view appdata(SSL_SESSION* session) {
    void* data = nullptr;
    std::size_t size = 0;
    if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || data == nullptr)
        return {};
    return {static_cast<const char*>(data), size};
}

int verify_peer(X509_STORE_CTX* context, void*) {
    auto* connection =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto judged = judge_of(connection).judge(*context);
    if (!judged) {
        X509_STORE_CTX_set_error(context, verify_error(judged.error().reason));
        return 0;
    }
    X509_STORE_CTX_set_error(context, X509_V_OK);  // the judge may let in what OpenSSL did not like
    // Whoever resumes this session is asked about by these bytes: without them it must not be resumable.
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(connection), judged->data(), judged->size());
}

int keep_session(SSL* connection, SSL_SESSION* session) {
    // A TLS 1.3 ticket holds the session itself.
    const bool in_ticket = (SSL_get_options(connection) & SSL_OP_NO_TICKET) == 0;
    if (in_ticket && SSL_version(connection) == TLS1_3_VERSION) return 0;
    unsigned length = 0;
    const unsigned char* id = SSL_SESSION_get_id(session, &length);
    cache_of(SSL_get_SSL_CTX(connection))
        .put({reinterpret_cast<const char*>(id), length}, SessionPtr(session));
    return 1;  // we keep the reference that OpenSSL handed us
}

/// A session is worth something under the server name only that it was made under (RFC 6066 3).
bool may_resume(const SSL& connection, SSL_SESSION& session) {
    PeerJudge& judge = judge_of(&connection);
    const char* name = SSL_SESSION_get0_hostname(&session);
    return lower_case(name == nullptr ? "" : name) == lower_case(judge.server_name()) &&
           judge.may_resume(appdata(&session));
}

/// That OpenSSL keeps the name with the session, it must hear that we know it.
int take_name(SSL* connection, int*, void*) {
    return judge_of(connection).server_name().empty() ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

SSL_SESSION* find_session(SSL* connection, const unsigned char* id, int length, int* copy) {
    *copy = 0;  // the reference that we return becomes OpenSSL's
    const std::string_view key(reinterpret_cast<const char*>(id), static_cast<std::size_t>(length));
    SessionCache& cache = cache_of(SSL_get_SSL_CTX(connection));
    SessionPtr session = cache.get(key);
    if (!session) return nullptr;
    if (!may_resume(*connection, *session)) {
        cache.remove(key);  // the full handshake that follows gives the verdict, with its alert
        return nullptr;
    }
    return session.release();
}

void forget_session(SSL_CTX* context, SSL_SESSION* session) {
    unsigned length = 0;
    const unsigned char* id = SSL_SESSION_get_id(session, &length);
    cache_of(context).remove({reinterpret_cast<const char*>(id), length});
}

TicketKeys& ticket_keys_of(SSL* connection) {
    return *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), ticket_slot()));
}

int use_ticket_key(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int sealing) {
    TicketKeys& keys = ticket_keys_of(connection);
    const auto now = std::chrono::steady_clock::now();
    if (sealing == 1) return keys.seal(name, iv, *cipher, *mac, now) ? 1 : -1;
    switch (keys.open(name, iv, *cipher, *mac, now)) {
        case TicketKeys::Opened::unknown_key:
            return 0;  // a full handshake
        case TicketKeys::Opened::opened:
            return 1;
        case TicketKeys::Opened::opened_by_old_key:
            return 2;  // and a new ticket
        case TicketKeys::Opened::failed:
            return -1;
    }
    return -1;
}

/// A ticket was opened: what it holds is asked about like a session of the cache.
SSL_TICKET_RETURN judge_ticket(SSL* connection, SSL_SESSION* session, const unsigned char*, std::size_t,
                               SSL_TICKET_STATUS status, void*) {
    switch (status) {
        case SSL_TICKET_SUCCESS:
        case SSL_TICKET_SUCCESS_RENEW:
            if (!may_resume(*connection, *session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
            return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
        case SSL_TICKET_EMPTY:
        case SSL_TICKET_NO_DECRYPT:
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        default:
            return SSL_TICKET_RETURN_ABORT;
    }
}

/// The group of RFC 7919 that TLS 1.2 clients of all ages take.
KeyPtr ffdhe2048() {
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(server_library(), "DH", nullptr));
    std::string name = "ffdhe2048";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* group = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &group, EVP_PKEY_KEY_PARAMETERS,
                          const_cast<OSSL_PARAM*>(parameters)) != 1) {
        return nullptr;
    }
    return KeyPtr(group);
}

std::string_view name_in_hello(SSL* connection) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
    return host_name_in({reinterpret_cast<const char*>(data), size});
}

/// After the ServerHello all is as strict again as for others: the CertificateRequest asks for no SHA-1.
void tighten(int sent, int, int content_type, const void* message, std::size_t size, SSL* connection, void*) {
    const auto* bytes = static_cast<const unsigned char*>(message);
    if (sent == 0 || content_type != SSL3_RT_HANDSHAKE || size == 0 || bytes[0] != SSL3_MT_SERVER_HELLO)
        return;
    SSL_set_security_level(connection, security_level);
    SSL_set1_client_sigalgs_list(connection, signature_algorithms);
    SSL_set_msg_callback(connection, nullptr);
}

/// A TLS 1.2 client whose hello has no signature_algorithms verifies SHA-1 only (RFC 5246 7.4.1.4.1). OpenSSL
/// signs the key exchange with it at level 0 alone, and only when SHA-1 stands in the list for clients, too.
/// Suites, groups and versions are fixed lists, and certificates are judged at a level of their own: the
/// level of this connection touches nothing else until `tighten` takes it back.
void sign_with_sha1(SSL& connection) {
    static const std::string and_sha1 = std::string(signature_algorithms) + ":RSA+SHA1";
    SSL_set_security_level(&connection, 0);
    SSL_set1_client_sigalgs_list(&connection, and_sha1.c_str());
    SSL_set_msg_callback(&connection, tighten);
}

Error refused(std::string_view doing) {
    return {Fault::input, take_openssl_errors(doing)};
}

}  // namespace

TlsServer::~TlsServer() = default;

Result<std::shared_ptr<const TlsServer>> TlsServer::create(TlsServerSettings settings) {
    const std::shared_ptr<TlsServer> server(new TlsServer);
    server->context_.reset(SSL_CTX_new_ex(server_library(), nullptr, TLS_server_method()));
    if (!server->context_) return Error{Fault::runtime, take_openssl_errors("cannot set up TLS")};
    server->sessions_ = std::make_unique<SessionCache>(settings.session_cache_entries);
    server->trust_ = settings.trust;
    if (auto done = server->configure(settings); !done) return done.error();
    return std::shared_ptr<const TlsServer>(server);
}

Result<void> TlsServer::configure(TlsServerSettings& settings) {
    SSL_CTX* ctx = context_.get();
    SSL_CTX_set_security_level(ctx, security_level);
    if (auto done = set_suites(settings.profile); !done) return done.error();
    // IGNORE_UNEXPECTED_EOF: devices that skip close_notify keep their session. A body that is cut short is
    // found by its own framing, never by the end of the connection.
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    // RELEASE_BUFFERS: for as long as nobody has proved itself; see `keep_record_buffers`.
    SSL_CTX_set_mode(
        ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, read_ahead_bytes);
    serves_old_hellos_ = settings.profile != TlsProfile::modern;
    SSL_CTX_set_client_hello_cb(ctx, read_hello, this);
    SSL_CTX_set_tlsext_servername_callback(ctx, take_name);
    identities_ = std::move(settings.identities);
    if (!identities_.front().use_in(*ctx)) return refused("server certificate");
    if (identities_.size() > 1) SSL_CTX_set_cert_cb(ctx, choose_identity, this);
    if (settings.client_certificate != ClientCertificate::unused)
        ask_for_certificate(*settings.trust, settings.client_certificate);
    keep_sessions(settings);
    return {};
}

Result<void> TlsServer::set_suites(TlsProfile profile) {
    SSL_CTX* ctx = context_.get();
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, suites_of(profile).c_str()) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, tls_1_3_suites) != 1 || SSL_CTX_set1_groups_list(ctx, curves) != 1) {
        return refused("cannot set the TLS suites");
    }
    KeyPtr group = ffdhe2048();
    if (!group || SSL_CTX_set0_tmp_dh_pkey(ctx, group.get()) != 1) return refused("cannot set the DH group");
    group.release();  // the context owns it
    return {};
}

int TlsServer::read_hello(SSL* connection, int*, void* server) {
    if (!judge_of(connection).serves(name_in_hello(connection))) return SSL_CLIENT_HELLO_RETRY;
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    const bool says_what_it_verifies =
        SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_signature_algorithms, &data, &size) == 1;
    if (!says_what_it_verifies && static_cast<const TlsServer*>(server)->serves_old_hellos_)
        sign_with_sha1(*connection);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/// Called when the client's hello was read, not for resumed sessions.
int TlsServer::choose_identity(SSL* connection, void* server) {
    const char* asked = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr) return 1;
    const std::string_view name(asked);
    const ServerIdentity* best = nullptr;
    auto best_fit = NameFit::none;
    for (const ServerIdentity& identity : static_cast<const TlsServer*>(server)->identities_) {
        const auto fit = identity.fit(name);
        if (fit > best_fit) {
            best = &identity;
            best_fit = fit;
        }
    }
    return best == nullptr || best->use_in(*connection) ? 1 : 0;
}

void TlsServer::ask_for_certificate(const TrustAnchors& trust, ClientCertificate asked) {
    SSL_CTX* ctx = context_.get();
    const int insist = asked == ClientCertificate::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | insist, nullptr);
    SSL_CTX_set1_client_sigalgs_list(ctx, signature_algorithms);
    SSL_CTX_set_cert_verify_callback(ctx, verify_peer, nullptr);
    X509_STORE_up_ref(trust.store());
    SSL_CTX_set_cert_store(ctx, trust.store());
    STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
    SSL_CTX_set_client_CA_list(ctx, names);  // owns it from here
    for (const auto& anchor : trust.anchors())
        SSL_CTX_add_client_CA(ctx, anchor.get());
}

void TlsServer::keep_sessions(const TlsServerSettings& settings) {
    SSL_CTX* ctx = context_.get();
    unsigned char scope[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(settings.session_scope.data()),
           settings.session_scope.size(), scope);
    SSL_CTX_set_session_id_context(ctx, scope, sizeof scope);
    SSL_CTX_set_timeout(ctx, static_cast<long>(settings.session_lifetime.count()));
    SSL_CTX_set_ex_data(ctx, cache_slot(), sessions_.get());
    SSL_CTX_set_num_tickets(ctx, settings.session_cache_entries == 0 ? 0 : 1);
    if (settings.session_cache_entries == 0) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        return;
    }
    if (settings.tickets) keep_sessions_in_tickets(settings);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    SSL_CTX_sess_set_get_cb(ctx, find_session);
    SSL_CTX_sess_set_remove_cb(ctx, forget_session);
}

void TlsServer::keep_sessions_in_tickets(const TlsServerSettings& settings) {
    SSL_CTX* ctx = context_.get();
    ticket_keys_ = std::make_unique<TicketKeys>(settings.session_lifetime);
    SSL_CTX_set_ex_data(ctx, ticket_slot(), ticket_keys_.get());
    SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, use_ticket_key);
    SSL_CTX_set_session_ticket_cb(ctx, nullptr, judge_ticket, nullptr);
}

SslPtr TlsServer::new_connection(PeerJudge& judge) const {
    SslPtr connection(SSL_new(context_.get()));
    if (!connection || SSL_set_ex_data(connection.get(), judge_slot(), &judge) != 1) return nullptr;
    SSL_set_accept_state(connection.get());
    return connection;
}

unsigned peer_key_bits(const SSL& connection) {
    const X509* certificate = SSL_get0_peer_certificate(&connection);
    const EVP_PKEY* key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
    return key == nullptr ? 0 : static_cast<unsigned>(EVP_PKEY_get_bits(key));
}

std::string_view signature_digest(const SSL& connection) {
    int digest = NID_undef;
    if (SSL_get_signature_nid(const_cast<SSL*>(&connection), &digest) != 1) return {};
    return digest == NID_undef ? std::string_view{} : OBJ_nid2sn(digest);
}

std::string_view remembered(const SSL& connection) {
    return appdata(SSL_get_session(&connection));
}

}  // namespace sallyport::pki
