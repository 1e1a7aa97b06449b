#include "firmware-client/trust_update.h"

#include "firmware-client/credentials.h"
#include "pki/file.h"
#include "pki/pkcs7.h"

#include <system_error>

namespace sallyport::device {
namespace {

const std::string object_name{trust_file};

/// The set that is kept aside.
std::filesystem::path kept_file(const Card& card) {
    return card.own_file("certs_server.next");
}

bool says_untrusted(const Error& error) {
    return error.trouble == Trouble::server_untrusted || error.trouble == Trouble::clock_wrong;
}

}  // namespace

Result<Next> TrustUpdate::check() {
    // A file that cannot be read is as good as none.
    const auto own = pki::read_file(device_.card.file(trust_file), pki::max_bundle_bytes);
    const auto there = watch_.fetch_changed(object_name, own ? std::string_view{*own} : std::string_view{},
                                            pki::max_bundle_bytes);
    if (!there) return there.error();
    if (there->state != WatchedObject::State::changed) return Next::period;
    if (own && there->bytes == *own) return Next::period;  // both empty
    return take(there->bytes, there->etag);
}

Result<Next> TrustUpdate::take(const std::string& bytes, const std::string& etag) {
    const auto candidates = parse_trust(bytes, object_name);
    if (!candidates) return watch_.refuse(object_name, etag, candidates.error().message);
    if (device_.settings.server.tls) {
        if (candidates->empty()) {
            return watch_.refuse(object_name, etag,
                                 "it is empty, and the device could trust no server any more");
        }
        const auto tried = trial_(*candidates, device_.identity ? &*device_.identity : nullptr);
        if (!tried && !says_untrusted(tried.error())) return tried.error();
        if (!tried) {
            if (auto kept = pki::replace_file(kept_file(device_.card), bytes, 0644); !kept) {
                return from_pki(kept.error());
            }
            return watch_.refuse(object_name, etag,
                                 "it does not vouch for the server of today, so it is kept aside until the "
                                 "server has another certificate: " +
                                     tried.error().message);
        }
    }
    if (auto installed = install(bytes); !installed) return installed.error();
    watch_.accept(object_name, etag);
    return Next::restart;
}

Result<bool> TrustUpdate::adopt_kept() {
    const auto path = kept_file(device_.card);
    if (!is_present(path)) return false;
    const auto bytes = pki::read_file(path, pki::max_bundle_bytes);
    const auto candidates = bytes ? parse_trust(*bytes, path.string())
                                  : Result<std::vector<pki::CertificatePtr>>{from_pki(bytes.error())};
    if (!candidates || candidates->empty()) {
        std::error_code ignored;  // it is looked at again at the next trouble
        std::filesystem::remove(path, ignored);
        return false;
    }
    const auto tried = trial_(*candidates, device_.identity ? &*device_.identity : nullptr);
    if (!tried) return tried.error();
    if (auto installed = install(*bytes); !installed) return installed.error();
    device_.status.judged.erase(object_name);
    return true;
}

Result<void> TrustUpdate::install(const std::string& bytes) {
    if (auto kept = pki::replace_file(device_.card.file(trust_file), bytes, 0644); !kept) {
        return from_pki(kept.error());
    }
    std::error_code ignored;  // it is no worse than the one in use
    std::filesystem::remove(kept_file(device_.card), ignored);
    report_.updated(object_name);
    return {};
}

}  // namespace sallyport::device
