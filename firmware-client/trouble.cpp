#include "firmware-client/trouble.h"

#include <algorithm>
#include <array>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;
using enum TroubleScope;

/// In the order of the enumeration.
constexpr std::array<TroubleTraits, trouble_count> all_traits = {{
    {"ok", device, 0s, 0s, ""},
    {"network", device, 5s, 300s, ""},
    {"server_untrusted", device, 5s, 300s,
     "check certs_server.p7b, the endpoint's name, and the server's certificate"},
    {"clock_wrong", device, 60s, 300s, "set the clock, or let the server set it (rtc.sync 2)"},
    // It takes a person to change the answer, and that person looks at devices, not at seconds.
    {"revoked", device, 3600s, 86400s, "the operator has revoked this device; it keeps its files"},
    {"expired", device, 900s, 21600s, "give the device a new certificate (certs_device.p7b)"},
    {"not_yet_valid", device, 300s, 3600s, "wait for the certificate's first day, or set the clock"},
    {"unknown_ca", device, 300s, 3600s,
     "the gateway does not trust the issuer: install its CA there, or give the device another certificate"},
    {"certificate_refused", device, 300s, 3600s, "look in the gateway's log for the reason"},
    {"no_certificate", device, 300s, 3600s, "put certs_device.p7b and certs_device.key on the card"},
    {"no_common_cipher", device, 300s, 3600s,
     "allow one of the device's cipher suites on the server; it may also want a device certificate"},
    {"access_key", device, 300s, 300s, "check accesskey and secretkey in the configuration"},
    {"region", device, 300s, 300s, "check region and endpoint in the configuration"},
    {"no_bucket", device, 300s, 300s, "make the bucket, or correct its name in the configuration"},
    {"policy", task, 300s, 300s, "the gateway's or the store's policy forbids this request"},
    {"update_refused", task, 300s, 3600s, "replace the object that the message names"},
    {"rate_limit", device, 30s, 300s, ""},
    {"store_down", device, 5s, 300s, ""},
    {"answer_malformed", device, 5s, 300s, "check that the endpoint is an S3 server"},
    {"card", task, 5s, 300s, "check the SD card"},
    {"configuration", device, 300s, 300s, "correct the file that the message names"},
    {"not_configured", device, 300s, 300s, "set connect.s3.server in the configuration"},
}};

struct AnswerMeaning {
    std::string_view code;
    Trouble trouble;
};

constexpr AnswerMeaning answer_meanings[] = {
    {"RequestTimeTooSkewed", Trouble::clock_wrong},
    {"RequestExpired", Trouble::clock_wrong},
    {"InvalidAccessKeyId", Trouble::access_key},
    {"SignatureDoesNotMatch", Trouble::access_key},
    {"InvalidToken", Trouble::access_key},
    {"AuthorizationHeaderMalformed", Trouble::region},  // what AWS says of another region's scope
    {"PermanentRedirect", Trouble::region},
    {"TemporaryRedirect", Trouble::region},
    {"NoSuchBucket", Trouble::no_bucket},
    {"SlowDown", Trouble::rate_limit},
    {"TooManyRequests", Trouble::rate_limit},
    {"RequestLimitExceeded", Trouble::rate_limit},
};

}  // namespace

const TroubleTraits& traits_of(Trouble trouble) {
    return all_traits[static_cast<std::size_t>(trouble)];
}

Trouble trouble_named(std::string_view word) {
    const auto* const found = std::find_if(all_traits.begin(), all_traits.end(),
                                           [&](const TroubleTraits& one) { return one.word == word; });
    return found == all_traits.end() ? Trouble::none : static_cast<Trouble>(found - all_traits.begin());
}

Trouble trouble_of_alert(int alert, bool has_certificate) {
    switch (alert) {
        case 40:  // handshake_failure: TLS 1.2 says no more when it misses a certificate
        case 70:  // protocol_version
        case 71:  // insufficient_security
            return Trouble::no_common_cipher;
        case 44:
            return Trouble::certificate_revoked;
        case 45:
            return Trouble::certificate_expired;
        case 48:
            return Trouble::unknown_ca;
        case 116:
            return Trouble::certificate_missing;
        case 42:  // bad_certificate
        case 43:  // unsupported_certificate
        case 46:  // certificate_unknown
        case 49:  // access_denied
            return has_certificate ? Trouble::certificate_refused : Trouble::certificate_missing;
        default:
            return Trouble::none;
    }
}

Trouble trouble_of_answer(unsigned status, std::string_view code, std::string_view message) {
    for (const AnswerMeaning& meaning : answer_meanings) {
        if (meaning.code == code) return meaning.trouble;
    }
    if (code == "AccessDenied" &&
        (message == "Request has expired" || message == "Request is not yet valid")) {
        return Trouble::clock_wrong;
    }
    if (status == 429) return Trouble::rate_limit;
    if (status >= 500 || status == 408) return Trouble::store_down;
    if (status >= 400) return Trouble::policy;
    return status >= 300 ? Trouble::region : Trouble::answer_malformed;
}

}  // namespace sallyport::device
