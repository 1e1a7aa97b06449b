#include "firmware-client/identity_key.h"

#include "firmware-client/credentials.h"
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/private_key.h"

#include <string>

namespace sallyport::device {
namespace {

Result<pki::KeyPtr> open_in_token(std::string_view uri, const std::string& origin) {
    const auto reference = pki::KeyReference::parse(uri);
    if (!reference) return Error{Fault::configuration, origin + ": " + reference.error().message};
    const auto pin = pki::PassphraseSource::parse("credential:certs_device.pin");
    auto key = pki::open_private_key(*reference, *pin);
    if (!key) return from_pki(key.error());
    return std::move(*key);
}

}  // namespace

Result<pki::KeyPtr> read_identity_key(const std::filesystem::path& path) {
    auto text = pki::read_secret_file(path, max_key_bytes);
    if (!text) return from_pki(text.error());
    if (text->starts_with("pkcs11:")) {
        if (text->ends_with('\n')) text->pop_back();
        return open_in_token(*text, path.string());
    }
    auto key = pki::parse_private_key(*text, path.string());
    pki::wipe(*text);
    if (!key) return from_pki(key.error());
    return std::move(*key);
}

}  // namespace sallyport::device
