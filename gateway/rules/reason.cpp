#include "gateway/rules/reason.h"

#include <stdexcept>

namespace sallyport::gateway {

std::string_view to_string(Reason reason) noexcept {
    switch (reason) {
        case Reason::no_certificate:
            return "no_certificate";
        case Reason::untrusted_issuer:
            return "untrusted_issuer";
        case Reason::expired:
            return "expired";
        case Reason::not_yet_valid:
            return "not_yet_valid";
        case Reason::revoked:
            return "revoked";
        case Reason::crl_missing:
            return "crl_missing";
        case Reason::crl_expired:
            return "crl_expired";
        case Reason::crl_scope:
            return "crl_scope";
        case Reason::wrong_purpose:
            return "wrong_purpose";
        case Reason::weak_key:
            return "weak_key";
        case Reason::bad_signature:
            return "bad_signature";
        case Reason::bad_identity:
            return "bad_identity";
        case Reason::no_shared_cipher:
            return "no_shared_cipher";
        case Reason::protocol:
            return "protocol";
        case Reason::timeout:
            return "timeout";
        case Reason::peer_closed:
            return "peer_closed";
        case Reason::limit:
            return "limit";
        case Reason::wrong_prefix:
            return "wrong_prefix";
        case Reason::action_denied:
            return "action_denied";
        case Reason::ambiguous_path:
            return "ambiguous_path";
        case Reason::access_key:
            return "access_key";
        case Reason::clock_skew:
            return "clock_skew";
        case Reason::malformed:
            return "malformed";
        case Reason::too_large:
            return "too_large";
        case Reason::rate_limit:
            return "rate_limit";
        case Reason::store_down:
            return "store_down";
        case Reason::store_timeout:
            return "store_timeout";
        case Reason::store_malformed:
            return "store_malformed";
    }
    return "?";
}

bool is_refusal(Reason reason) noexcept {
    switch (reason) {
        case Reason::timeout:
        case Reason::peer_closed:
        case Reason::store_down:
        case Reason::store_timeout:
        case Reason::store_malformed:
            return false;
        default:
            return true;
    }
}

Reason reason_of(pki::Refusal refusal) noexcept {
    switch (refusal) {
        case pki::Refusal::no_certificate:
            return Reason::no_certificate;
        case pki::Refusal::untrusted_issuer:
            return Reason::untrusted_issuer;
        case pki::Refusal::expired:
            return Reason::expired;
        case pki::Refusal::not_yet_valid:
            return Reason::not_yet_valid;
        case pki::Refusal::revoked:
            return Reason::revoked;
        case pki::Refusal::crl_missing:
            return Reason::crl_missing;
        case pki::Refusal::crl_expired:
            return Reason::crl_expired;
        case pki::Refusal::crl_scope:
            return Reason::crl_scope;
        case pki::Refusal::wrong_purpose:
            return Reason::wrong_purpose;
        case pki::Refusal::weak_key:
            return Reason::weak_key;
        case pki::Refusal::bad_signature:
            return Reason::bad_signature;
        case pki::Refusal::bad_identity:
            return Reason::bad_identity;
    }
    return Reason::protocol;
}

void throw_exception_from_error(const Denial& denial, const boost::source_location&) {
    throw std::logic_error("unchecked denial: " + denial.detail);
}

Denial access_denied(Reason reason, std::string detail) {
    return {reason, 403, "AccessDenied", "Access Denied", std::move(detail)};
}

Denial bad_request(Reason reason, std::string detail) {
    return {reason, 400, "InvalidRequest", "The request is not one that this gateway can judge without doubt",
            std::move(detail)};
}

Denial method_not_allowed(std::string detail) {
    return {Reason::malformed, 405, "MethodNotAllowed",
            "The specified method is not allowed against this resource", std::move(detail)};
}

Denial entity_too_large(std::string detail) {
    return {Reason::too_large, 400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
            std::move(detail)};
}

Denial slow_down(std::string detail, std::chrono::seconds retry_after) {
    return {Reason::rate_limit, 503,        "SlowDown", "Please reduce your request rate",
            std::move(detail),  retry_after};
}

Denial store_unavailable(Reason reason, std::string detail) {
    return {reason,
            503,
            "ServiceUnavailable",
            "The store cannot be reached; please try again",
            std::move(detail),
            std::chrono::seconds(5)};
}

Denial bad_gateway(std::string detail) {
    return {Reason::store_malformed, 502, "InternalError", "The store gave no valid answer; please try again",
            std::move(detail)};
}

Denial gateway_timeout(std::string detail) {
    return {Reason::store_timeout, 504, "InternalError", "The store did not answer in time",
            std::move(detail)};
}

Denial request_timeout(std::string detail) {
    return {Reason::timeout, 408, "RequestTimeout", "The request was not received within the timeout period",
            std::move(detail)};
}

}  // namespace sallyport::gateway
