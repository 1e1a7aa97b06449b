#include "s3/sigv4.h"

#include "s3/authorization.h"
#include "s3/field_name.h"
#include "s3/payload_hash.h"
#include "s3/uri.h"

#include <algorithm>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_signed_headers = 100;

using Mac = std::array<unsigned char, SigningKey::size>;

Mac hmac_sha256(std::span<const unsigned char> key, std::string_view message) {
    Mac mac{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(), &size);
    return mac;
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

void append_canonical_value(std::string& out, std::string_view value) {
    bool gap = false;
    bool first = true;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            gap = true;
            continue;
        }
        if (gap && !first) out += ' ';
        gap = first = false;
        out += c;
    }
}

Result<void> append_canonical_header(std::string& out, std::string_view name,
                                     std::span<const HeaderField> headers) {
    out += name;
    char separator = ':';
    for (const HeaderField& header : headers) {
        if (!same_name(header.name, name)) continue;
        // A line break in a value would let it pose as another line of the canonical request.
        if (header.value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos) {
            return Error{Fault::malformed, "header '" + std::string{name} + "' has a line break or NUL"};
        }
        out += separator;
        append_canonical_value(out, header.value);
        separator = ',';
    }
    if (separator == ':') {
        return Error{Fault::malformed, "signed header '" + std::string{name} + "' is not there"};
    }
    out += '\n';
    return {};
}

std::string join(std::span<const std::string> names) {
    std::string list;
    for (const std::string& name : names) {
        if (!list.empty()) list += ';';
        list += name;
    }
    return list;
}

}  // namespace

Result<std::vector<std::string>> canonical_header_names(std::span<const std::string_view> names) {
    if (names.empty()) return Error{Fault::malformed, "no header is signed"};
    if (names.size() > max_signed_headers) {
        return Error{Fault::too_large, "more than 100 headers are signed"};
    }
    std::vector<std::string> canonical;
    canonical.reserve(names.size());
    for (const std::string_view name : names) {
        if (!is_token(name)) return Error{Fault::malformed, "a signed header's name is not a token"};
        std::string& added = canonical.emplace_back(name);
        std::transform(added.begin(), added.end(), added.begin(), [](char c) { return lower(c); });
    }
    std::sort(canonical.begin(), canonical.end());
    if (std::adjacent_find(canonical.begin(), canonical.end()) != canonical.end()) {
        return Error{Fault::malformed, "a header is signed twice"};
    }
    return canonical;
}

Result<std::string> canonical_request(const SignedRequest& request,
                                      std::span<const std::string> signed_headers) {
    if (!is_token(request.method)) return Error{Fault::malformed, "the method is not a token"};
    if (!is_token(request.payload_hash)) return Error{Fault::malformed, "the payload hash is not a token"};
    const std::size_t mark = std::min(request.target.find('?'), request.target.size());
    const auto uri = canonical_uri(request.target.substr(0, mark));
    if (!uri) return uri.error();
    const auto query = canonical_query(request.target.substr(std::min(mark + 1, request.target.size())));
    if (!query) return query.error();

    std::string canonical;
    canonical.reserve(512);
    canonical.append(request.method).append("\n").append(*uri).append("\n").append(*query).append("\n");
    for (const std::string& name : signed_headers) {
        if (auto added = append_canonical_header(canonical, name, request.headers); !added) {
            return added.error();
        }
    }
    canonical.append("\n").append(join(signed_headers)).append("\n").append(request.payload_hash);
    return canonical;
}

std::string string_to_sign(std::chrono::sys_seconds time, const CredentialScope& scope,
                           std::string_view canonical_request) {
    return std::string{signature_algorithm} + '\n' + amz_date(time) + '\n' + scope.text() + '\n' +
           sha256_hex(canonical_request);
}

SigningKey::SigningKey(const SecretKey& secret, const CredentialScope& scope) {
    std::string start;
    start.reserve(4 + secret.reveal().size());  // one allocation, so one place to wipe
    start.append("AWS4").append(secret.reveal());
    Mac key = hmac_sha256({reinterpret_cast<const unsigned char*>(start.data()), start.size()}, scope.date);
    OPENSSL_cleanse(start.data(), start.size());
    key = hmac_sha256(key, scope.region);
    key = hmac_sha256(key, scope.service);
    bytes_ = hmac_sha256(key, "aws4_request");
    OPENSSL_cleanse(key.data(), key.size());
}

SigningKey::~SigningKey() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::string signature(const SigningKey& key, std::string_view string_to_sign) {
    return to_hex(hmac_sha256(key.bytes(), string_to_sign));
}

bool signatures_equal(std::string_view left, std::string_view right) noexcept {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Result<Authorization> sign(const SignedRequest& request, std::span<const std::string_view> signed_headers,
                           const AccessKey& access_key, const SecretKey& secret_key, std::string_view region,
                           std::chrono::sys_seconds time) {
    auto names = canonical_header_names(signed_headers);
    if (!names) return names.error();
    const auto canonical = canonical_request(request, *names);
    if (!canonical) return canonical.error();
    CredentialScope scope = scope_at(time, region);
    std::string proof = signature(SigningKey{secret_key, scope}, string_to_sign(time, scope, *canonical));
    return Authorization{access_key, std::move(scope), std::move(*names), std::move(proof)};
}

Result<std::string> query_to_sign(std::string_view target, std::span<const std::string> signed_headers,
                                  const PresignedClaims& claims) {
    using namespace std::chrono_literals;
    if (claims.expires < 1s || claims.expires > std::chrono::days{7}) {
        return Error{Fault::malformed, "a presigned URL expires after 1 second to 7 days"};
    }
    const std::size_t mark = std::min(target.find('?'), target.size());
    auto parameters = parse_query(target.substr(std::min(mark + 1, target.size())));
    if (!parameters) return parameters.error();
    for (const QueryParameter& parameter : *parameters) {
        if (is_signature_parameter(parameter.name)) {
            return Error{Fault::ambiguous, "the query has a parameter '" + parameter.name + "' already"};
        }
    }
    parameters->push_back({"X-Amz-Algorithm", std::string{signature_algorithm}});
    parameters->push_back({"X-Amz-Credential", claims.access_key.text() + '/' + claims.scope.text()});
    parameters->push_back({"X-Amz-Date", amz_date(claims.time)});
    parameters->push_back({"X-Amz-Expires", std::to_string(claims.expires.count())});
    parameters->push_back({"X-Amz-SignedHeaders", join(signed_headers)});
    if (!claims.session_token.empty()) {
        parameters->push_back({"X-Amz-Security-Token", std::string{claims.session_token}});
    }
    return canonical_query(*parameters);
}

Result<std::string> presigned_query(const SignedRequest& request,
                                    std::span<const std::string_view> signed_headers,
                                    const Presigning& presigning) {
    const auto names = canonical_header_names(signed_headers);
    if (!names) return names.error();
    const CredentialScope scope = scope_at(presigning.time, presigning.region);
    const auto query = query_to_sign(
        request.target, *names,
        {presigning.access_key, scope, presigning.session_token, presigning.time, presigning.expires});
    if (!query) return query.error();
    const std::string target = std::string{request.target.substr(0, request.target.find('?'))} + '?' + *query;
    const auto canonical =
        canonical_request({request.method, target, request.headers, request.payload_hash}, *names);
    if (!canonical) return canonical.error();
    return *query + "&X-Amz-Signature=" +
           signature(SigningKey{presigning.secret_key, scope},
                     string_to_sign(presigning.time, scope, *canonical));
}

}  // namespace sallyport::s3
