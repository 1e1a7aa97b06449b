#include "gateway/certificate_and_key.h"

#include "gateway/credential.h"
#include "gateway/load.h"
#include "pki/certificate.h"
#include "pki/file.h"

namespace sallyport::gateway {

pki::Result<CertificateAndKey> read_certificate_and_key(const std::filesystem::path& chain,
                                                        const std::filesystem::path& key,
                                                        std::string& inputs) {
    const auto chain_pem = pki::read_file(chain, max_pem_bytes);
    if (!chain_pem) return chain_pem.error();
    auto key_pem = read_key_text(key, max_pem_bytes);
    if (!key_pem) return key_pem.error();
    auto parsed_key = pki::parse_private_key(*key_pem, key.string());
    inputs += sha256(*chain_pem) + sha256(*key_pem);
    pki::wipe(*key_pem);
    auto parsed_chain = pki::parse_certificates(*chain_pem, chain.string());
    if (!parsed_chain) return parsed_chain.error();
    if (!parsed_key) return parsed_key.error();
    return CertificateAndKey{std::move(*parsed_chain), std::move(*parsed_key)};
}

}  // namespace sallyport::gateway
