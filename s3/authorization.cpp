#include "s3/authorization.h"

#include "s3/uri.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_authorization_bytes = 4096;

constexpr std::array<std::string_view, 7> signature_parameters = {
    "X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",          "X-Amz-Expires",
    "X-Amz-SignedHeaders", "X-Amz-Signature",  "X-Amz-Security-Token"};

Error malformed(std::string message) {
    return {Fault::malformed, std::move(message)};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool all_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

Result<std::pair<AccessKey, CredentialScope>> parse_credential(std::string_view text) {
    const auto parts = split(text, '/');
    if (parts.size() != 5 || parts[4] != "aws4_request") {
        return malformed("the credential is not KEY/DATE/REGION/SERVICE/aws4_request");
    }
    auto access_key = AccessKey::parse(parts[0]);
    if (!access_key) return access_key.error();
    const std::string date{parts[1]};
    if (date.size() != 8 || !parse_amz_date(date + "T000000Z")) {
        return malformed("the credential's date is not YYYYMMDD");
    }
    constexpr std::string_view name = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (const std::string_view part : {parts[2], parts[3]}) {
        if (part.empty() || part.size() > 64 || !all_of(part, name)) {
            return malformed("the credential's region or service is not a name of 1 to 64 characters");
        }
    }
    return std::pair{std::move(*access_key),
                     CredentialScope{date, std::string{parts[2]}, std::string{parts[3]}}};
}

Result<std::vector<std::string>> parse_signed_headers(std::string_view text) {
    const auto names = split(text, ';');
    auto canonical = canonical_header_names(names);
    if (!canonical) return canonical.error();
    if (!std::equal(names.begin(), names.end(), canonical->begin(), canonical->end())) {
        return malformed("the signed headers are not in lower case and sorted");
    }
    return canonical;
}

Result<Authorization> assemble(std::string_view credential, std::string_view signed_headers,
                               std::string_view signature) {
    auto signer = parse_credential(credential);
    if (!signer) return signer.error();
    auto names = parse_signed_headers(signed_headers);
    if (!names) return names.error();
    if (signature.size() != 64 || !all_of(signature, "0123456789abcdef")) {
        return malformed("the signature is not 64 lower-case hexadecimal digits");
    }
    return Authorization{std::move(signer->first), std::move(signer->second), std::move(*names),
                         std::string{signature}};
}

}  // namespace

std::string authorization_header(const Authorization& authorization) {
    std::string names;
    for (const std::string& name : authorization.signed_headers) {
        if (!names.empty()) names += ';';
        names += name;
    }
    return std::string{signature_algorithm} + " Credential=" + authorization.access_key.text() + '/' +
           authorization.scope.text() + ",SignedHeaders=" + names + ",Signature=" + authorization.signature;
}

Result<Authorization> parse_authorization(std::string_view value) {
    if (value.size() > max_authorization_bytes) {
        return Error{Fault::too_large, "the Authorization header is over 4096 bytes"};
    }
    if (!value.starts_with(signature_algorithm) ||
        !value.substr(signature_algorithm.size()).starts_with(' ')) {
        return malformed("the Authorization header is not AWS4-HMAC-SHA256");
    }
    value.remove_prefix(signature_algorithm.size() + 1);
    constexpr std::array<std::string_view, 3> names = {"Credential=", "SignedHeaders=", "Signature="};
    std::array<std::optional<std::string_view>, 3> found;
    for (std::string_view part : split(value, ',')) {
        part = trim(part);
        const auto name = std::find_if(names.begin(), names.end(),
                                       [&](std::string_view prefix) { return part.starts_with(prefix); });
        if (name == names.end()) return malformed("the Authorization header has an unknown part");
        auto& slot = found[static_cast<std::size_t>(name - names.begin())];
        if (slot) return malformed("the Authorization header has a part twice");
        slot = part.substr(name->size());
    }
    if (!found[0] || !found[1] || !found[2]) {
        return malformed("the Authorization header lacks Credential, SignedHeaders or Signature");
    }
    return assemble(*found[0], *found[1], *found[2]);
}

bool is_signature_parameter(std::string_view name) {
    // Letter case is no way round it: a store that ignores case would see the parameter twice.
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::any_of(signature_parameters.begin(), signature_parameters.end(), [&](std::string_view known) {
        return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                          [&](char a, char b) { return lower(a) == lower(b); });
    });
}

Result<PresignedAuthorization> parse_presigned_query(std::string_view raw_query) {
    auto parameters = parse_query(raw_query);
    if (!parameters) return parameters.error();
    std::array<std::optional<std::string>, signature_parameters.size()> found;
    std::vector<QueryParameter> covered;
    for (QueryParameter& parameter : *parameters) {
        if (is_signature_parameter(parameter.name)) {
            const auto known =
                std::find(signature_parameters.begin(), signature_parameters.end(), parameter.name);
            if (known == signature_parameters.end()) {
                return malformed("the query has '" + parameter.name + "' in the wrong letter case");
            }
            auto& slot = found[static_cast<std::size_t>(known - signature_parameters.begin())];
            if (slot) return Error{Fault::ambiguous, "the query has '" + parameter.name + "' twice"};
            slot = parameter.value;
            if (parameter.name == "X-Amz-Signature") continue;
        }
        covered.push_back(std::move(parameter));
    }
    const auto& [algorithm, credential, date, expires, signed_headers, signature, token] = found;
    if (!algorithm || !credential || !date || !expires || !signed_headers || !signature) {
        return malformed("the query lacks a parameter of a presigned URL");
    }
    if (*algorithm != signature_algorithm) return malformed("X-Amz-Algorithm is not AWS4-HMAC-SHA256");
    auto authorization = assemble(*credential, *signed_headers, *signature);
    if (!authorization) return authorization.error();
    const auto time = parse_amz_date(*date);
    if (!time) return time.error();
    if (!date->starts_with(authorization->scope.date)) {
        return malformed("X-Amz-Date is not on the day of the credential");
    }
    int seconds = 0;
    const char* const end = expires->data() + expires->size();
    const auto [stop, failure] = std::from_chars(expires->data(), end, seconds);
    if (failure != std::errc{} || stop != end || seconds < 1 || seconds > 604800) {
        return malformed("X-Amz-Expires is not 1 to 604800");
    }
    return PresignedAuthorization{std::move(*authorization), *time, std::chrono::seconds{seconds},
                                  token.value_or(""), canonical_query(covered)};
}

}  // namespace sallyport::s3
