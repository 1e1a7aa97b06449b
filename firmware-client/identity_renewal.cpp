#include "firmware-client/identity_renewal.h"

#include "firmware-client/credentials.h"
#include "firmware-client/identity_slots.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/pkcs7.h"
#include "pki/private_key.h"
#include "pki/request.h"
#include "pki/time.h"

#include <algorithm>

#include <openssl/x509v3.h>

namespace sallyport::device {
namespace {

const std::string answer_name{identity_file};
const std::string request_name = "device.csr";

}  // namespace

bool IdentityRenewal::is_wanted() const {
    if (!device_.settings.server.tls) return false;
    // A new key would be a file, or one more in the token: who looks after the token renews the certificate.
    if (device_.identity && pki::is_in_token(*device_.identity->key)) return false;
    if (has_next_identity_key(device_.card)) return true;  // it has begun
    if (!device_.identity) return enrol_;
    const auto validity = pki::validity(*device_.identity->certificate);
    if (!validity) return false;
    const auto life = validity->not_after - validity->not_before;
    return validity->not_after - puts_.now() < life / 3;
}

Result<Next> IdentityRenewal::check() {
    if (!is_wanted()) return Next::period;
    const auto key = next_identity_key(device_.card);
    if (!key) return key.error();
    const auto request = pki::write_certification_request(**key, device_.id, device_id_uri(device_.id));
    if (!request) return from_pki(request.error());
    // The request is the same text each time.
    const bool asked = device_.status.judged[request_name].etag == md5_text(*request);
    if (!asked) {
        if (auto put = put_request(*request); !put) return put.error();
    }
    auto taken = look_for_answer(**key);
    const bool waits = taken ? *taken == Next::period : taken.error().kind() == Trouble::update_refused;
    if (!waits) return taken;
    if (auto put = put_lost_request(*request); !put) return put.error();
    return taken;
}

Result<void> IdentityRenewal::put_request(const std::string& request) {
    put_at_ = puts_.now();
    if (auto done = puts_.put_text(request_name, request); !done) return done;
    device_.status.judged[request_name] = {md5_text(request), {}};
    return {};
}

/// An operator or a rule of the bucket may have removed it: nobody could answer it any more.
Result<void> IdentityRenewal::put_lost_request(const std::string& request) {
    constexpr std::chrono::seconds longest_pause{300};
    // In both directions: a clock that was corrected must not hold it back for years.
    if (put_at_ && std::chrono::abs(puts_.now() - *put_at_) < pause_) return {};
    const auto there = watch_.look(request_name, md5_text(request));
    // A policy may let a device put its request and not look at it; then it is taken to be there.
    if (!there) return there.error().kind() == Trouble::policy ? Result<void>{} : there.error();
    if (there->state != WatchedObject::State::absent) return {};
    if (put_at_) pause_ = std::min(2 * pause_, longest_pause);
    return put_request(request);
}

Result<Next> IdentityRenewal::look_for_answer(EVP_PKEY& next_key) {
    const auto own = pki::read_file(device_.card.file(identity_file), pki::max_bundle_bytes);
    const auto there = watch_.fetch_changed(answer_name, own ? std::string_view{*own} : std::string_view{},
                                            pki::max_bundle_bytes);
    if (!there) return there.error();
    if (there->state != WatchedObject::State::changed) return Next::period;
    return take(next_key, there->bytes, there->etag);
}

Result<Next> IdentityRenewal::take(EVP_PKEY& next_key, const std::string& bundle, const std::string& etag) {
    auto identity = identity_from(bundle, answer_name, next_key);
    if (!identity) {
        // What lies there may be the answer of last time, which is no fault: the next one is awaited.
        if (device_.identity && identity_from(bundle, answer_name, *device_.identity->key)) {
            watch_.accept(answer_name, etag);
            return Next::period;
        }
        return watch_.refuse(answer_name, etag, identity.error().message);
    }
    if (const std::string fault = fault_of(*identity); !fault.empty()) {
        return watch_.refuse(answer_name, etag, fault);
    }
    if (const auto tried = trial_(device_.trusted, &*identity); !tried) {
        if (tried.error().fault != Fault::refused) return tried.error();
        return watch_.refuse(answer_name, etag, "the server refuses it: " + tried.error().message);
    }
    if (auto promoted = promote_identity(device_.card, bundle); !promoted) return promoted.error();
    watch_.accept(answer_name, etag);
    device_.status.judged.erase(request_name);
    report_.updated(answer_name);
    return Next::restart;
}

/// Why this device must not use it; empty when it may.
std::string IdentityRenewal::fault_of(const ClientIdentity& identity) const {
    X509* const certificate = identity.certificate.get();
    const auto id = device_id_of(*certificate);
    if (!id) return id.error().message;
    if (*id != device_.id) return "it is for device " + *id;
    if (X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) != 1) return "it is not for TLS clients";
    const auto validity = pki::validity(*certificate);
    if (!validity) return "its dates cannot be read";
    if (puts_.now() < validity->not_before) return "it begins at " + pki::rfc3339(validity->not_before);
    if (puts_.now() > validity->not_after) return "it ended at " + pki::rfc3339(validity->not_after);
    return {};
}

}  // namespace sallyport::device
