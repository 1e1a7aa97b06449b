#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace sallyport::s3 {

/// Values of x-amz-content-sha256 that are not the hash of a body in hand.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view empty_payload =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

enum class HashAlgorithm {
    sha256,
    sha512,
    sha1,  ///< not for security: a checksum of objects
    md5,   ///< not for security: an ETag of a plain PUT is the MD5 of the body
};

/// A hash of a body that passes by in blocks; memory does not grow with the body. One thread at a time.
/// Throws std::runtime_error when OpenSSL cannot give the algorithm, which no input can cause.
class PayloadHash {
  public:
    explicit PayloadHash(HashAlgorithm algorithm);

    void update(std::span<const std::byte> block);

    /// Lower-case hexadecimal. The object is spent afterwards.
    std::string finish();
    /// The same as bytes.
    std::string finish_raw();

  private:
    // s3 stands below pki and so cannot use the owning aliases of pki/openssl.h.
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// SHA-256 of a text in hand, lower-case hexadecimal.
std::string sha256_hex(std::string_view text);

/// Bytes as lower-case hexadecimal.
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace sallyport::s3
