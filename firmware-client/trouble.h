#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace sallyport::device {

/// What keeps a device from its work. It decides how long the device waits and whether it waits with all of
/// its tasks, and it is what a person reads in device.json and in the log. The words are a contract.
enum class Trouble {
    none,
    network,                    ///< no connection, or it broke
    server_untrusted,           ///< the server's certificate is not one that the bundle vouches for
    clock_wrong,                ///< this device's clock and the server's are too far apart
    certificate_revoked,        ///< alert certificate_revoked
    certificate_expired,        ///< alert certificate_expired, or by the certificate's own date
    certificate_not_yet_valid,  ///< by the certificate's own date: there is no alert for it
    unknown_ca,                 ///< alert unknown_ca
    certificate_refused,        ///< another alert about the device's certificate
    certificate_missing,        ///< the server wants one, and the device has none
    no_common_cipher,
    access_key,  ///< the S3 key pair is not the server's
    region,      ///< the bucket lies in another region than the configuration says
    no_bucket,
    policy,          ///< this request is forbidden
    update_refused,  ///< this device will not take what the server offers; it goes on with what it has
    rate_limit,
    store_down,
    answer_malformed,
    card,
    configuration,
    not_configured,  ///< there is no S3 server in the configuration: nothing to do, nothing wrong
};
inline constexpr std::size_t trouble_count = static_cast<std::size_t>(Trouble::not_configured) + 1;

/// Which of the device's tasks wait.
enum class TroubleScope {
    device,  ///< all: they share the way to the server
    task,    ///< only the one that met it: the server may take other requests
};

/// What one kind of trouble means. The waits double from `first` to `longest` while it lasts.
struct TroubleTraits {
    std::string_view word;
    TroubleScope scope;
    std::chrono::seconds first;
    std::chrono::seconds longest;
    std::string_view advice;  ///< what a person can do; empty: nothing, it passes
};

const TroubleTraits& traits_of(Trouble trouble);

/// The kind whose word this is; Trouble::none for an unknown one.
Trouble trouble_named(std::string_view word);

/// What a TLS alert (RFC 8446 6.2) that the server sent means for this device; `none`: nothing in particular.
/// `has_certificate`: whether the device has one to show.
Trouble trouble_of_alert(int alert, bool has_certificate);

/// What an S3 error answer means. `code` and `message` are those of its document and may be empty (an answer
/// to HEAD has none). A code decides before the status. Source: S3 API, "Error Responses".
Trouble trouble_of_answer(unsigned status, std::string_view code, std::string_view message);

}  // namespace sallyport::device
