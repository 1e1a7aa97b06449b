#include "pki/key.h"

#include <openssl/pem.h>

namespace sallyport::pki {

Result<KeyPtr> generate_rsa_key() {
    KeyPtr key(EVP_RSA_gen(rsa_key_bits));
    if (!key) return Error{Fault::runtime, take_openssl_errors("cannot generate an RSA key")};
    return key;
}

Result<std::string> write_private_key(const EVP_PKEY& key) {
    const BioPtr bio(BIO_new(BIO_s_mem()));  // its buffer is cleansed when it grows and when it is freed
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return Error{Fault::runtime, take_openssl_errors("cannot write a private key")};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

bool key_matches(const EVP_PKEY& key, const X509& certificate) {
    const EVP_PKEY* certified = X509_get0_pubkey(&certificate);
    const bool equal = certified != nullptr && EVP_PKEY_eq(certified, &key) == 1;
    take_openssl_errors("");
    return equal;
}

}  // namespace sallyport::pki
