#include "gateway/rules/shadow.h"

#include <algorithm>

namespace sallyport::gateway {

namespace {

/// Operations that touch objects which their address does not name: these stand in a header field or in the
/// body.
constexpr std::string_view further_reaching[] = {"CopyObject", "UploadPartCopy", "RenameObject"};
/// What is asked of a whole bucket may concern anybody's objects in it, but for these.
constexpr std::string_view harmless[] = {"HeadBucket", "GetBucketLocation", "ListBuckets"};

bool may_concern_others(const S3Operation& operation) {
    const auto is_in = [&](const auto& actions) {
        return std::ranges::find(actions, operation.action) != std::end(actions);
    };
    return is_in(further_reaching) || (operation.address.key.empty() && !is_in(harmless)) ||
           !operation.ambiguity.empty();  // some stores would take a key of somebody else's
}

/// While the ramp guards anybody's objects, nobody touches objects that the gateway cannot see.
std::optional<Denial> authorize_outside(const Policy& policy, const Ramp& ramp, std::string_view listener,
                                        const S3Operation& operation) {
    if (ramp.includes_anybody() && may_concern_others(operation)) {
        return access_denied(Reason::action_denied,
                             std::string(operation.action) + ": it may concern a device inside the ramp");
    }
    return authorize(policy, {.listener = listener}, operation);
}

}  // namespace

ShadowVerdict judge_in_shadow(const Policy& policy, const Ramp& ramp, const ShadowClient& client,
                              const S3Operation& operation) {
    ShadowVerdict verdict{
        .enforced = ramp.includes(client.proven) ||
                    std::ranges::any_of(client.claimed, [&](auto id) { return ramp.includes(id); })};
    verdict.under_high =
        client.refusal ? access_denied(reason_of(client.refusal->reason), client.refusal->detail)
                       : authorize(policy, {ClientKind::devices, client.proven, client.listener}, operation);
    verdict.now =
        verdict.enforced ? verdict.under_high : authorize_outside(policy, ramp, client.listener, operation);
    return verdict;
}

}  // namespace sallyport::gateway
