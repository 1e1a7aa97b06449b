#include "pki/tool/publication/peer.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/secret_text.h"

#include <algorithm>
#include <utility>

namespace sallyport::pki {
namespace {

using Kind = config::SecretSource::Kind;

constexpr std::size_t max_pem_bytes = std::size_t{16} << 20U;

Result<ServerIdentity> read_identity(const PeerSettings& settings) {
    const auto chain_pem = read_file(settings.certificate, max_pem_bytes);
    if (!chain_pem) return chain_pem.error();
    auto chain = parse_certificates(*chain_pem, settings.certificate.string());
    if (!chain) return chain.error();
    auto key_pem = read_secret_file(settings.key, max_pem_bytes);
    if (!key_pem) return key_pem.error();
    auto key = parse_private_key(*key_pem, settings.key.string());
    wipe(*key_pem);
    if (!key) return key.error();
    return ServerIdentity::create(std::move(*chain), std::move(*key), settings.certificate.string());
}

Result<std::shared_ptr<const TlsClient>> tls_client(const PeerSettings& settings) {
    TlsClientSettings tls;
    if (!settings.ca.empty()) {
        const auto pem = read_file(settings.ca, max_pem_bytes);
        if (!pem) return pem.error();
        auto anchors = parse_certificates(*pem, settings.ca.string());
        if (!anchors) return anchors.error();
        tls.anchors = std::move(*anchors);
    }
    if (!settings.certificate.empty()) {
        auto identity = read_identity(settings);
        if (!identity) return identity.error();
        tls.identity = std::move(*identity);
    }
    return TlsClient::create(std::move(tls));
}

/// RFC 6750 2.1.
bool is_token(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~+/=").find(c) != std::string_view::npos;
    };
    constexpr std::size_t max_token = 8192;
    return !text.empty() && text.size() <= max_token && std::ranges::all_of(text, is_allowed);
}

Result<std::string> bearer_token(const config::SecretSource& source) {
    auto text = secret_text(source);
    if (!text) return text;
    while (text->ends_with('\n') || text->ends_with('\r'))
        text->pop_back();
    if (is_token(*text)) return text;
    wipe(*text);
    return Error{Fault::input,
                 source.origin() + ": is no bearer token: one line of letters, digits and -._~+/="};
}

}  // namespace

Result<std::string> secret_text(const config::SecretSource& source) {
    if (source.kind == Kind::environment) return environment_variable(source.name);
    if (source.kind == Kind::credential) return systemd_credential(source.name);
    return read_secret_text(source.file);
}

Result<Peer> Peer::open(const PeerSettings& settings) {
    std::shared_ptr<const TlsClient> tls;
    if (settings.address.tls) {
        auto client = tls_client(settings);
        if (!client) return client.error();
        tls = std::move(*client);
    }
    std::string token;
    if (settings.token.kind != Kind::none) {
        auto read = bearer_token(settings.token);
        if (!read) return read.error();
        token = std::move(*read);
    }
    return Peer(HttpClient(settings.address, std::move(tls)), std::move(token), settings.deadline);
}

Peer::~Peer() {
    wipe(token_);
}

void Peer::authorize(HttpRequest& request) const {
    if (!token_.empty()) request.fields.push_back({"Authorization", "Bearer " + token_});
}

HttpResult Peer::exchange(HttpRequest request, std::size_t answer_bytes) {
    authorize(request);
    HttpResult result = client_.exchange_with_retries(request, {deadline_, answer_bytes}, RetryPolicy{});
    last_problem_.reset();
    if (!result) last_problem_ = result.error().kind;
    if (last_problem_ == HttpProblem::Kind::timeout) stalls_ = true;
    return result;
}

HttpResult Peer::exchange_once(HttpRequest request, const HttpLimits& limits) {
    authorize(request);
    return client_.exchange(request, limits);
}

std::string status_text(const HttpAnswer& answer) {
    const std::string status = "it answered " + std::to_string(answer.status);
    switch (answer.status) {
        case 401:
        case 403:
            return status + ": these credentials may not do that; check them, and what they are allowed";
        case 404:
            return status + ": nothing is there; check the URL";
        case 405:
        case 501:
            return status + ": it does not take this method; is it a server for uploads?";
        case 413:
            return status + ": it takes no file of this size; raise its limit";
        case 429:
            return status + " three times: it gets too many requests; try again later";
        case 507:
            return status + ": it has no room left";
        default:
            break;
    }
    if (answer.status / 100 == 3) {
        // A Location is the server's text: only what can do no harm on a terminal is shown.
        std::string location;
        std::ranges::copy_if(answer.location.substr(0, 200), std::back_inserter(location),
                             [](char c) { return c > ' ' && c < '\x7f'; });
        return status + ", a redirect" + (location.empty() ? "" : " to " + location) +
               ": it is not followed; give the final URL";
    }
    if (answer.status / 100 == 5) return status + " three times: look into its log, then publish again";
    return status;
}

}  // namespace sallyport::pki
