#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"

#include <chrono>
#include <filesystem>
#include <string>

namespace sallyport::pki {

struct InitRequest {
    std::string organization = "Sallyport";
    std::string crl_url;  ///< folder URL; the CRL distribution point is URL/NAME.crl. Empty: none
    std::chrono::days lifetime{7300};  ///< of the root; the intermediates live at most 3650 days
};

/// Makes a depot in `root`: three authorities with their keys, certificates and first CRLs. The folder must
/// be missing, empty or left by an interrupted init, which is started over; anything else is refused.
Result<Answer> init(const std::filesystem::path& root, InitRequest request, std::chrono::sys_seconds now);

/// Certificates begin this long before they are made, for clocks that are behind.
inline constexpr std::chrono::hours backdating{1};

}  // namespace sallyport::pki
