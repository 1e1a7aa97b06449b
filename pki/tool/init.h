#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/authorities.h"
#include "pki/tool/occasion.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace sallyport::pki {

struct InitRequest {
    std::filesystem::path profile;  ///< becomes depot.yaml; empty: the default hierarchy with what follows
    std::string organization = "Sallyport";
    std::string crl_url;  ///< folder URL; the CRL distribution point is URL/NAME.crl. Empty: none
    std::chrono::days lifetime{7300};           ///< of the root; the intermediates live at most 3650 days
    std::optional<ImportedAuthority> imported;  ///< the device-issuing authority, instead of a hierarchy
};

/// Makes a depot in `root`: authorities with their keys, certificates and first CRLs. The folder must be
/// missing, empty or left by an interrupted init, which is started over; anything else is refused.
Result<Answer> init(const std::filesystem::path& root, const InitRequest& request, const Occasion& occasion);

}  // namespace sallyport::pki
