#include "pki/key.h"

#include "pki/digest.h"

#include <openssl/pem.h>

namespace sallyport::pki {

std::string_view to_string(KeyAlgorithm algorithm) noexcept {
    switch (algorithm) {
        case KeyAlgorithm::rsa_2048:
            return "rsa-2048";
        case KeyAlgorithm::rsa_3072:
            return "rsa-3072";
        case KeyAlgorithm::rsa_4096:
            return "rsa-4096";
        case KeyAlgorithm::p256:
            return "p-256";
    }
    return "unknown";
}

Result<KeyPtr> generate_key(KeyAlgorithm algorithm) {
    const auto generate = [algorithm] {
        switch (algorithm) {
            case KeyAlgorithm::rsa_2048:
                return EVP_RSA_gen(2048);
            case KeyAlgorithm::rsa_3072:
                return EVP_RSA_gen(3072);
            case KeyAlgorithm::rsa_4096:
                return EVP_RSA_gen(4096);
            case KeyAlgorithm::p256:
                return EVP_EC_gen("P-256");
        }
        throw std::logic_error("unknown key algorithm");
    };
    KeyPtr key(generate());
    if (!key) return Error{Fault::runtime, take_openssl_errors("cannot generate a key")};
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

Result<std::string> key_digest(const EVP_PKEY& key) {
    unsigned char* data = nullptr;
    const int size = i2d_PUBKEY(&key, &data);
    const BufferPtr owned(data);
    if (size <= 0) return Error{Fault::runtime, take_openssl_errors("cannot encode a public key")};
    return sha256({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
}

bool key_matches(const EVP_PKEY& key, const X509& certificate) {
    const EVP_PKEY* certified = X509_get0_pubkey(&certificate);
    const bool equal = certified != nullptr && EVP_PKEY_eq(certified, &key) == 1;
    take_openssl_errors("");
    return equal;
}

}  // namespace sallyport::pki
