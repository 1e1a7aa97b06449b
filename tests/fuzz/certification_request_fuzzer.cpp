#include "pki/request.h"
#include "tests/fuzz/check.h"

#include <cstdint>

#include <openssl/err.h>

namespace pki = sallyport::pki;
using sallyport::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto request = pki::parse_certification_request(
        std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.csr");
    check(ERR_peek_error() == 0, "no error stays in OpenSSL's queue");
    if (!request) {
        check(request.error().fault == pki::Fault::input, "a bad request is the caller's fault");
        check(request.error().message.starts_with("fuzz.csr: "), "each fault names its file");
        return 0;
    }
    check(request->key != nullptr, "a request has a key");
    const int bits = EVP_PKEY_get_bits(request->key.get());
    check(bits == 256 || (bits >= 2048 && bits <= 4096), "keys are strong");
    return 0;
}
