#include "s3/payload_hash.h"

#include <stdexcept>

#include <openssl/sha.h>

namespace sallyport::s3 {

PayloadHash::PayloadHash(HashAlgorithm algorithm) : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    const EVP_MD* digest = algorithm == HashAlgorithm::sha256   ? EVP_sha256()
                           : algorithm == HashAlgorithm::sha512 ? EVP_sha512()
                           : algorithm == HashAlgorithm::sha1   ? EVP_sha1()
                                                                : EVP_md5();
    if (!context_ || EVP_DigestInit_ex(context_.get(), digest, nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot start a hash");
    }
}

void PayloadHash::update(std::span<const std::byte> block) {
    if (EVP_DigestUpdate(context_.get(), block.data(), block.size()) != 1) {
        throw std::runtime_error("OpenSSL cannot continue a hash");
    }
}

std::string PayloadHash::finish() {
    const std::string digest = finish_raw();
    return to_hex({reinterpret_cast<const unsigned char*>(digest.data()), digest.size()});
}

std::string PayloadHash::finish_raw() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest, &size) != 1) {
        throw std::runtime_error("OpenSSL cannot finish a hash");
    }
    return {reinterpret_cast<const char*>(digest), size};
}

std::string sha256_hex(std::string_view text) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    return to_hex(digest);
}

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        hex += digits[byte >> 4U];
        hex += digits[byte & 15U];
    }
    return hex;
}

}  // namespace sallyport::s3
