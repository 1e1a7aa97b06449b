#include "gateway/rules/shadow.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

/// Operations that touch objects which their address does not name: these stand in a header field or in the
/// body.
constexpr std::string_view further_reaching[] = {"CopyObject", "UploadPartCopy", "DeleteObjects"};

/// While the ramp guards anybody's objects, nobody touches objects that the gateway cannot see.
std::optional<Denial> authorize_outside(const Policy& policy, const Ramp& ramp,
                                        const S3Operation& operation) {
    if (ramp.includes_anybody() &&
        std::ranges::find(further_reaching, operation.action) != std::end(further_reaching)) {
        return access_denied(Reason::action_denied, std::string(operation.action) +
                                                        ": it may touch objects of a device inside the ramp");
    }
    return authorize(policy, Client{}, operation);
}

}  // namespace

ShadowVerdict judge_in_shadow(const Policy& policy, const Ramp& ramp, const ShadowClient& client,
                              const S3Operation& operation) {
    ShadowVerdict verdict{.enforced = ramp.includes(client.proven) || ramp.includes(client.claimed)};
    verdict.under_high = client.refusal
                             ? access_denied(reason_of(client.refusal->reason), client.refusal->detail)
                             : authorize(policy, {ClientKind::devices, client.proven}, operation);
    verdict.now = verdict.enforced ? verdict.under_high : authorize_outside(policy, ramp, operation);
    return verdict;
}

}  // namespace sallyport::gateway
