#include "pki/pkcs7.h"
#include "tests/fuzz/check.h"

#include <string_view>

namespace pki = sallyport::pki;
using sallyport::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto certificates =
        pki::read_certificate_bundle(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!certificates) return 0;
    check(certificates->size() <= pki::max_bundle_certificates, "no more certificates than a device takes");
    std::vector<X509*> all;
    for (const auto& certificate : *certificates)
        all.push_back(certificate.get());
    for (const auto form : {pki::BundleForm::pem, pki::BundleForm::der}) {
        const auto written = pki::write_certificate_bundle(all, form);
        if (!written) continue;  // armour may make it larger than a bundle may be
        const auto again = pki::read_certificate_bundle(*written);
        check(again.has_value() && again->size() == all.size(), "a bundle that we write is one that we read");
        for (std::size_t i = 0; i < all.size(); ++i)
            check(X509_cmp(all[i], (*again)[i].get()) == 0, "certificates keep their order");
    }
    return 0;
}
