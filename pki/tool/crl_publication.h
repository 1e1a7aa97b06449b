#pragma once

#include "pki/result.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

inline constexpr std::chrono::days default_crl_lifetime{7};

struct PublishedCrl {
    std::string authority;
    std::uint64_t number;
    std::chrono::sys_seconds next_update;
    std::filesystem::path path;
    /// The clock is behind the previous CRL's thisUpdate: readers may take the older CRL for the newer one.
    bool clock_went_back;
};

/// Signs the authority's next CRL and puts it in its place by atomic rename. Its number is used up before it
/// is signed, so that a number never stands for two CRLs. `lifetime` is from thisUpdate to nextUpdate;
/// without it the default, but nextUpdate is then never earlier than the previous CRL's.
Result<PublishedCrl> publish_crl(Depot& depot, std::string_view authority,
                                 std::optional<std::chrono::days> lifetime, std::chrono::sys_seconds now);

/// Publishes again where the published file is not what the index says: after a process was killed between
/// a revocation and its CRL, or when the file is missing or was changed.
Result<std::vector<PublishedCrl>> repair_publications(Depot& depot, std::chrono::sys_seconds now);

/// "device-ca CRL number 7 written to DIR/crl/device-ca.crl.pem"
std::string describe(const PublishedCrl& crl);

/// Copies the published CRLs into a folder as DER, NAME.crl, the form in which RFC 5280 4.2.1.13 wants them
/// at the URL of a CRL distribution point. Each file is replaced by atomic rename.
Result<std::vector<std::filesystem::path>> export_crls(Depot& depot, const std::filesystem::path& folder);

}  // namespace sallyport::pki
