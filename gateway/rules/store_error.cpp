#include "gateway/rules/store_error.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

/// Of whoever signed.
constexpr std::string_view of_the_signer[] = {"AuthorizationHeaderMalformed",
                                              "ExpiredToken",
                                              "IncorrectEndpoint",
                                              "InvalidAccessKeyId",
                                              "InvalidSecurity",
                                              "InvalidToken",
                                              "NotSignedUp",
                                              "PermanentRedirect",
                                              "RequestTimeTooSkewed",
                                              "SignatureDoesNotMatch",
                                              "TemporaryRedirect",
                                              "TokenRefreshRequired",
                                              "IllegalLocationConstraintException"};

bool is_code(std::string_view text) {
    constexpr std::size_t max_code = 64;
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && text.size() <= max_code && std::ranges::all_of(text, is_letter);
}

/// For what is no error document: the page of a proxy, or nothing.
std::string_view usual_code(unsigned status) {
    switch (status) {
        case 403:
            return "AccessDenied";
        case 404:
            return "NoSuchKey";
        case 405:
            return "MethodNotAllowed";
        case 412:
            return "PreconditionFailed";
        case 416:
            return "InvalidRange";
        case 503:
            return "SlowDown";
        default:
            return status < 500 ? "InvalidRequest" : "InternalError";
    }
}

}  // namespace

StoreError read_store_error(unsigned status, std::string_view body) {
    const auto document = s3::read_error_document(body);
    const bool has_code = document && is_code(document->code);
    const std::string code = has_code ? document->code : std::string(usual_code(status));
    return {code, std::ranges::find(of_the_signer, code) != std::end(of_the_signer)};
}

}  // namespace sallyport::gateway
