#include "gateway/admin_access.h"

#include "gateway/certificate_and_key.h"
#include "gateway/load.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/server_identity.h"

#include <boost/beast/core/string.hpp>
#include <openssl/crypto.h>

namespace sallyport::gateway {
namespace {

constexpr std::size_t shortest_token = 16;
constexpr const char* suites = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// RFC 6750 2.1: b64token.
bool is_token(std::string_view text) {
    const auto padding = text.find_last_not_of('=');
    if (padding == text.npos) return false;
    text = text.substr(0, padding + 1);
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    return text.find_first_not_of(letters) == text.npos;
}

}  // namespace

pki::Result<std::shared_ptr<const AdminAccess>> AdminAccess::load(const AdminAccessSettings& settings) {
    const auto access = std::make_shared<AdminAccess>();
    if (!settings.certificate.empty()) {
        if (const auto done = access->load_tls(settings); !done) return done.error();
    }
    if (settings.token.kind != SecretSource::Kind::none) {
        if (const auto done = access->load_token(settings.token); !done) return done.error();
    }
    return std::shared_ptr<const AdminAccess>(access);
}

pki::Result<void> AdminAccess::load_tls(const AdminAccessSettings& settings) {
    auto read = read_certificate_and_key(settings.certificate, settings.key, inputs_);
    if (!read) return read.error();
    const auto dates = pki::validity(*read->chain.front());
    if (dates) not_after_ = dates->not_after;
    const std::string origin = settings.key.string() + " with " + settings.certificate.string();
    const auto identity = pki::ServerIdentity::create(std::move(read->chain), std::move(read->key), origin);
    if (!identity) return identity.error();
    namespace ssl = boost::asio::ssl;
    tls_ = std::make_shared<ssl::context>(ssl::context::tls_server);
    SSL_CTX* context = tls_->native_handle();
    const bool usable = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                        SSL_CTX_set_cipher_list(context, suites) == 1 && identity->use_in(*context);
    if (!usable) return pki::Error{pki::Fault::input, pki::take_openssl_errors("admin: using " + origin)};
    return {};
}

pki::Result<void> AdminAccess::load_token(const SecretSource& source) {
    auto text = read_secret_text(source);
    if (!text) return text.error();
    if (text->ends_with('\n')) text->pop_back();
    const bool usable = text->size() >= shortest_token && is_token(*text);
    if (usable) {
        token_digest_ = sha256(*text);
        inputs_ += sha256(token_digest_);
    }
    pki::wipe(*text);
    if (usable) return {};
    return pki::Error{pki::Fault::input, source.origin() + ": a token is one line of at least " +
                                             std::to_string(shortest_token) +
                                             " letters, digits and -._~+/ (RFC 6750 2.1)"};
}

bool AdminAccess::admits(std::string_view authorization) const {
    if (token_digest_.empty()) return true;
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view begin = authorization.substr(0, scheme.size());
    if (!boost::beast::iequals({begin.data(), begin.size()}, {scheme.data(), scheme.size()})) return false;
    const std::string shown = sha256(authorization.substr(scheme.size()));
    return CRYPTO_memcmp(shown.data(), token_digest_.data(), shown.size()) == 0;
}

}  // namespace sallyport::gateway
