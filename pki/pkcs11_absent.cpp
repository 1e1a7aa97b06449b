#include "pki/pkcs11_key.h"

namespace sallyport::pki {
namespace {

Error absent() {
    return {Fault::input, "this program was built without PKCS#11 (SALLYPORT_PKCS11=OFF): no keys in tokens"};
}

}  // namespace

Result<void> check_pkcs11_uri(const std::string&) {
    return absent();
}

Result<KeyPtr> open_pkcs11_key(const std::string&, const PassphraseSource&) {
    return absent();
}

Result<void> generate_pkcs11_key(const std::string&, KeyAlgorithm, const PassphraseSource&) {
    return absent();
}

bool is_pkcs11_key(const EVP_PKEY&) {
    return false;
}

}  // namespace sallyport::pki
