#include "gateway/rules/shadow.h"

namespace sallyport::gateway {

ShadowVerdict judge_in_shadow(const Policy& policy, const Ramp& ramp, const ShadowClient& client,
                              const S3Operation& operation) {
    ShadowVerdict verdict{.enforced = ramp.includes(client.proven) || ramp.includes(client.claimed)};
    verdict.under_high = client.refusal
                             ? access_denied(reason_of(client.refusal->reason), client.refusal->detail)
                             : authorize(policy, {ClientKind::devices, client.proven}, operation);
    verdict.now = verdict.enforced ? verdict.under_high : authorize(policy, Client{}, operation);
    return verdict;
}

}  // namespace sallyport::gateway
