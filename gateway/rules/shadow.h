#pragma once

#include "gateway/rules/policy.h"
#include "gateway/rules/ramp.h"

#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// A client on a listener in shadow mode, as one request shows it.
struct ShadowClient {
    /// What mode high says to its certificate; `no_certificate` when it showed none.
    std::optional<pki::ChainRefusal> refusal;
    std::string_view proven;                ///< the device, when its certificate leads to an anchor
    std::vector<std::string_view> claimed;  ///< the devices whose data the request may be about
    std::string_view listener = {};
};

struct ShadowVerdict {
    std::optional<Denial> under_high = {};  ///< what mode high would say to the request
    bool enforced = false;                  ///< the ramp has reached this device: mode high counts
    std::optional<Denial> now = {};         ///< what is said to it
};

/// Shadow mode: mode medium, but what mode high would say is told, and counts for those whom the ramp has
/// reached, be it as the holder of a certificate or as the one whose data is touched.
ShadowVerdict judge_in_shadow(const Policy& policy, const Ramp& ramp, const ShadowClient& client,
                              const S3Operation& operation);

}  // namespace sallyport::gateway
