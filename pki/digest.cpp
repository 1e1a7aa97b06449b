#include "pki/digest.h"

#include "pki/openssl.h"

namespace sallyport::pki {

Result<std::string> sha256(std::string_view content) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(content.data(), content.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
        return Error{Fault::runtime, take_openssl_errors("cannot compute a SHA-256")};
    }
    return std::string(reinterpret_cast<const char*>(digest), size);
}

}  // namespace sallyport::pki
