#include "pki/tool/depot_paths.h"

namespace sallyport::pki {

std::string crl_name(const CrlScopeId& scope, unsigned partitions, CrlForm form) {
    std::string name = scope.authority;
    if (partitions > 1) name += "-" + std::to_string(scope.partition) + "p";
    if (form == CrlForm::delta) name += "-delta";
    return name;
}

std::filesystem::path DepotPaths::delivery(CertificateKind kind, std::string_view name) const {
    const auto folder = [kind] {
        switch (kind) {
            case CertificateKind::device:
                return "devices";
            case CertificateKind::server:
                return "servers";
            case CertificateKind::operator_client:
                return "operators";
            case CertificateKind::authority:
                break;
        }
        throw std::logic_error("an authority has no folder of its own");
    };
    return root_ / folder() / name;
}

}  // namespace sallyport::pki
