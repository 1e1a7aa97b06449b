#include "pki/crl_file.h"
#include "pki/pem.h"
#include "tests/fuzz/check.h"

#include <algorithm>

using sallyport::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string content(reinterpret_cast<const char*>(data), size);
    const auto crls = sallyport::pki::split_crl_file(content);
    if (!crls) return 0;
    check(!crls->empty(), "a file of no CRL is refused");
    if (content.starts_with('\x30')) {
        check(crls->size() == 1 && crls->front() == content, "DER comes back as it is");
        return 0;
    }
    const auto blocks = sallyport::pki::read_pem_blocks(content);  // OpenSSL's reading
    if (!blocks) return 0;
    check(blocks->size() == crls->size(), "no block is passed over");
    for (std::size_t i = 0; i < crls->size(); ++i) {
        check((*blocks)[i].label == "X509 CRL", "only CRLs are taken");
        check((*blocks)[i].der == (*crls)[i], "both readers see the same bytes");
    }
    return 0;
}
