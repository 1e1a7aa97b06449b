#include "gateway/rules/identity.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_id_bytes = 64;

/// Whatever the configured pattern says: an id becomes part of paths, so it holds nothing that a path gives
/// a meaning to.
bool is_plain(std::string_view id) {
    const auto plain = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.' || c == ':';
    };
    return !id.empty() && id.size() <= max_id_bytes && id != "." && id != ".." &&
           std::ranges::all_of(id, plain);
}

pki::ChainRefusal refuse(std::string detail) {
    return {pki::Refusal::bad_identity, std::move(detail)};
}

}  // namespace

Identification::Identification(IdentityRule rule)
    : rule_(std::move(rule)), pattern_(rule_.pattern, std::regex::ECMAScript | std::regex::optimize) {}

pki::ChainResult<std::string> Identification::identify(const pki::CertificateNames& names) const {
    if (names.undecodable) return refuse("a name in the certificate cannot be decoded without doubt");

    std::vector<std::string> ids;
    if (!rule_.san_uri_prefix.empty()) {
        for (const std::string& uri : names.san_uris) {
            if (uri.starts_with(rule_.san_uri_prefix)) ids.push_back(uri.substr(rule_.san_uri_prefix.size()));
        }
        if (ids.size() > 1) return refuse("two device URIs in the certificate");
    }
    if (rule_.common_name) {
        if (names.common_names.size() > 1) return refuse("two common names in the certificate");
        if (!names.common_names.empty()) ids.push_back(names.common_names.front());
    }
    if (ids.empty()) return refuse("the certificate names no device");
    if (ids.front() != ids.back()) return refuse("the certificate's device URI and common name differ");
    const std::string& id = ids.front();
    if (!is_id(id)) return refuse("the certificate's id does not match identity.pattern");
    return id;
}

bool Identification::is_id(std::string_view text) const {
    return is_plain(text) && std::regex_match(text.begin(), text.end(), pattern_);
}

}  // namespace sallyport::gateway
