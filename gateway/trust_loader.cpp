#include "gateway/trust_loader.h"

#include "pki/certificate.h"
#include "pki/file.h"

namespace sallyport::gateway {
namespace {

/// Adds digests of what it reads to `inputs`.
std::vector<pki::CertificatePtr> load_certificates(const std::vector<std::filesystem::path>& files,
                                                   std::string& inputs, Load& load) {
    std::vector<pki::CertificatePtr> all;
    for (const auto& file : files) {
        const auto pem = pki::read_file(file, max_pem_bytes);
        if (!pem) {
            load.fault(pem.error().message);
            continue;
        }
        auto certificates = pki::parse_certificates(*pem, file.string());
        if (!certificates) {
            load.fault(certificates.error().message);
            continue;
        }
        inputs += sha256(*pem);
        for (auto& certificate : *certificates) {
            const auto dates = pki::validity(*certificate);
            if (!dates || dates->not_after < load.now) {
                load.aged(file.string() + ": " + pki::name_text(*X509_get_subject_name(certificate.get())) +
                          " has expired; take it out or replace it");
            }
            all.push_back(std::move(certificate));
        }
    }
    return all;
}

void check_direction(const pki::TrustAnchors& authorities, std::string_view of,
                     const pki::TrustAnchors& anchors, std::string_view into, Load& load) {
    for (const X509* authority : authorities.authorities()) {
        if (!pki::is_below(*authority, anchors)) continue;
        const std::string name = pki::name_text(*X509_get_subject_name(authority));
        load.fault(std::string(into) + ".trust: whom " + name + " of '" + std::string(of) +
                   "' certifies would be let in there, too; name the CA that issues the " +
                   std::string(into) + " and nobody else");
    }
}

}  // namespace

std::shared_ptr<const ClientAuthority> load_authority(const ClientAuthoritySettings& settings,
                                                      std::string_view section, Load& load) {
    const std::size_t faults = load.result.faults.size();
    ClientAuthority authority;
    auto anchors = load_certificates(settings.trust, authority.inputs, load);
    authority.inputs += '|';
    auto intermediates = load_certificates(settings.intermediates, authority.inputs, load);
    if (load.result.faults.size() > faults) return nullptr;
    auto trust = pki::TrustAnchors::create(std::move(anchors), std::move(intermediates));
    if (!trust) {
        load.fault(std::string(section) + "." + trust.error().message);
        return nullptr;
    }
    authority.trust = std::make_shared<const pki::TrustAnchors>(std::move(*trust));
    authority.identification = std::make_shared<const Identification>(settings.identity);
    return std::make_shared<const ClientAuthority>(std::move(authority));
}

void check_apart(const ClientAuthority& devices, const ClientAuthority& operators, Load& load) {
    check_direction(*devices.trust, "devices", *operators.trust, "operators", load);
    check_direction(*operators.trust, "operators", *devices.trust, "devices", load);
}

}  // namespace sallyport::gateway
