#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace sallyport::pki {

/// How much of the fleet a change reaches.
struct FleetShare {
    std::uint64_t devices = 0;  ///< that the change concerns
    std::uint64_t fleet = 0;    ///< devices of the depot with an unexpired certificate that is not revoked

    /// Is it more than this share? One device never is.
    bool above(unsigned percent) const noexcept { return devices > 1 && devices * 100 > fleet * percent; }
};
Result<FleetShare> fleet_share(Depot& depot, std::span<const CertificateRecord> records,
                               std::chrono::sys_seconds now);

/// What a dry run says: how many certificates of which kind, which share of the fleet, and, with a gateway's
/// list of devices (the JSON of /status?view=devices), which of them were there in the last days. `action` is
/// a word like "revoke".
Result<Answer> blast_radius(Depot& depot, std::string_view action, std::span<const CertificateRecord> records,
                            const std::filesystem::path& activity, std::chrono::days active_within,
                            std::chrono::sys_seconds now);

}  // namespace sallyport::pki
