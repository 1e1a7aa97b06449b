#include "s3/signature_check.h"

#include "s3/authorization.h"
#include "s3/field_name.h"
#include "s3/payload_hash.h"
#include "s3/uri.h"

#include <algorithm>
#include <stdexcept>

namespace sallyport::s3 {
namespace {

constexpr std::string_view content_sha256 = "x-amz-content-sha256";

SignatureRefusal refusal(SignatureFault fault, std::string detail) {
    return {fault, std::move(detail)};
}

std::string lower_case(std::string_view name) {
    std::string lowered(name);
    std::ranges::transform(lowered, lowered.begin(), lower);
    return lowered;
}

/// The fields of a request by name.
class Fields {
  public:
    explicit Fields(std::span<const HeaderField> fields) : fields_(fields) {}

    std::size_t count(std::string_view name) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            fields_, [&](const HeaderField& field) { return same_name(field.name, name); }));
    }
    std::string_view value(std::string_view name) const {
        const auto found = std::ranges::find_if(
            fields_, [&](const HeaderField& field) { return same_name(field.name, name); });
        return found == fields_.end() ? std::string_view() : found->value;
    }

  private:
    std::span<const HeaderField> fields_;
};

/// What a field or a query says about its signature, and the target that it covers.
struct Claims {
    Authorization authorization;
    std::chrono::sys_seconds time;
    std::optional<std::chrono::seconds> expires;  ///< of a presigned URL
    std::string target;
    PayloadPromise payload;
    std::string payload_hash;  ///< as it is written
};

std::string_view query_of(std::string_view target) {
    const auto mark = std::min(target.find('?'), target.size());
    return target.substr(std::min(mark + 1, target.size()));
}

bool is_presigned(std::string_view query) {
    const auto parameters = parse_query(query);
    return parameters && std::ranges::any_of(*parameters, [](const QueryParameter& parameter) {
               return is_signature_parameter(parameter.name);
           });
}

SignatureResult<Claims> claims_of_field(const ReceivedRequest& request, const Fields& fields) {
    const std::string_view value = fields.value("authorization");
    if (value.starts_with("AWS "))
        return refusal(SignatureFault::version_2, "signed with Signature Version 2");
    auto authorization = parse_authorization(value);
    if (!authorization) return refusal(SignatureFault::malformed_header, authorization.error().message);
    for (const std::string_view name : {std::string_view("x-amz-date"), content_sha256}) {
        if (fields.count(name) != 1)
            return refusal(SignatureFault::malformed_header, std::string(name) + " must be there once");
    }
    const std::string_view date = fields.value("x-amz-date");
    const auto time = parse_amz_date(date);
    if (!time) return refusal(SignatureFault::malformed_header, "x-amz-date: " + time.error().message);
    if (!date.starts_with(authorization->scope.date)) {
        return refusal(SignatureFault::wrong_scope,
                       "x-amz-date is not on the day of the credential, " + authorization->scope.date);
    }
    const std::string_view hash = fields.value(content_sha256);
    const auto payload = parse_payload_promise(hash);
    if (!payload) return refusal(SignatureFault::malformed_payload, "x-amz-content-sha256 is no known value");
    return Claims{std::move(*authorization),   *time,    std::nullopt,
                  std::string(request.target), *payload, std::string(hash)};
}

SignatureResult<Claims> claims_of_query(const ReceivedRequest& request, const Fields& fields) {
    auto claims = parse_presigned_query(query_of(request.target));
    if (!claims) return refusal(SignatureFault::malformed_query, claims.error().message);
    std::vector<std::string> hashes;
    if (fields.count(content_sha256) > 0)
        hashes.assign(fields.count(content_sha256), std::string(fields.value(content_sha256)));
    const auto parameters = parse_query(claims->unsigned_query);
    for (const QueryParameter& parameter : *parameters) {
        if (same_name(parameter.name, content_sha256)) hashes.push_back(parameter.value);
    }
    if (hashes.size() > 1)
        return refusal(SignatureFault::malformed_query, "x-amz-content-sha256 is there twice");
    // A presigned URL need not say what its body is.
    const std::string hash = hashes.empty() ? std::string(unsigned_payload) : hashes.front();
    const auto payload = parse_payload_promise(hash);
    if (!payload) return refusal(SignatureFault::malformed_payload, "x-amz-content-sha256 is no known value");
    const std::string path(request.target.substr(0, request.target.find('?')));
    return Claims{std::move(claims->authorization),    claims->time, claims->expires,
                  path + '?' + claims->unsigned_query, *payload,     hash};
}

SignatureResult<Claims> claims_of(const ReceivedRequest& request, const Fields& fields) {
    const std::size_t in_fields = fields.count("authorization");
    const bool in_query = is_presigned(query_of(request.target));
    if (in_fields + (in_query ? 1 : 0) > 1)
        return refusal(SignatureFault::twice, "more than one signature: in fields and query");
    if (in_fields == 1) return claims_of_field(request, fields);
    if (in_query) return claims_of_query(request, fields);
    return refusal(SignatureFault::missing, "not signed");
}

SignatureResult<void> check_scope(const CredentialScope& scope, std::string_view region) {
    if (scope.service != "s3")
        return refusal(SignatureFault::wrong_scope,
                       "the credential is for service '" + scope.service + "', not s3");
    if (!region.empty() && scope.region != region) {
        return refusal(SignatureFault::wrong_scope, "the credential is for region '" + scope.region +
                                                        "'; expecting '" + std::string(region) + "'");
    }
    return {};
}

SignatureResult<void> check_time(const Claims& claims, const SignatureTerms& terms) {
    const auto said = amz_date(claims.time);
    if (!claims.expires) {
        if (std::chrono::abs(terms.now - claims.time) <= terms.skew) return {};
        return refusal(SignatureFault::skewed, "made at " + said + ", now it is " + amz_date(terms.now));
    }
    if (claims.time > terms.now + terms.skew)
        return refusal(SignatureFault::not_yet_valid, "presigned for " + said + " and later");
    if (terms.now > claims.time + *claims.expires)
        return refusal(SignatureFault::expired, "presigned at " + said + " for " +
                                                    std::to_string(claims.expires->count()) + " seconds");
    return {};
}

SignatureResult<void> check_coverage(const ReceivedRequest& request, const Authorization& authorization) {
    const auto is_signed = [&](const std::string& name) {
        return std::ranges::binary_search(authorization.signed_headers, name);
    };
    if (!is_signed("host")) return refusal(SignatureFault::uncovered_field, "Host is not signed");
    for (const HeaderField& field : request.headers) {
        const std::string name = lower_case(field.name);
        if (name.starts_with("x-amz-") && !is_signed(name))
            return refusal(SignatureFault::uncovered_field, name + " is not signed");
    }
    return {};
}

}  // namespace

void throw_exception_from_error(const SignatureRefusal& refusal, const boost::source_location&) {
    throw std::logic_error("unchecked refusal of a signature: " + refusal.detail);
}

std::optional<PayloadPromise> parse_payload_promise(std::string_view value) {
    using Kind = PayloadPromise::Kind;
    if (value == unsigned_payload) return PayloadPromise{};
    if (value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return PayloadPromise{Kind::chunks, "", {true, false}};
    if (value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
        return PayloadPromise{Kind::chunks, "", {true, true}};
    if (value == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return PayloadPromise{Kind::chunks, "", {false, true}};
    const bool is_hash = value.size() == empty_payload.size() && std::ranges::all_of(value, [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                         });
    return is_hash ? std::optional(PayloadPromise{Kind::hash, std::string(value), {}}) : std::nullopt;
}

SignatureResult<CheckedSignature> check_signature(const ReceivedRequest& request,
                                                  const SignatureTerms& terms) {
    auto claims = claims_of(request, Fields(request.headers));
    if (!claims) return claims.error();
    const Authorization& said = claims->authorization;
    if (auto scope = check_scope(said.scope, terms.region); !scope) return scope.error();
    auto key = terms.key_of(said.access_key, said.scope);
    if (!key)
        return refusal(SignatureFault::unknown_key, "access key " + said.access_key.text() + " is nobody's");
    if (auto covered = check_coverage(request, said); !covered) return covered.error();
    const auto canonical = canonical_request(
        {request.method, claims->target, request.headers, claims->payload_hash}, said.signed_headers);
    if (!canonical) return refusal(SignatureFault::malformed_header, canonical.error().message);
    const std::string to_sign = string_to_sign(claims->time, said.scope, *canonical);
    if (!signatures_equal(signature(*key, to_sign), said.signature)) {
        return SignatureRefusal{SignatureFault::mismatch,
                                "the signature of access key " + said.access_key.text() + " is wrong",
                                *canonical, to_sign};
    }
    // Only whoever has the key hears that its clock is wrong.
    if (auto on_time = check_time(*claims, terms); !on_time) return on_time.error();
    return CheckedSignature{std::move(claims->authorization), std::move(*key), claims->time,
                            std::move(claims->payload)};
}

}  // namespace sallyport::s3
