#include "gateway/rules/permission.h"

#include <algorithm>

namespace sallyport::gateway {

Result<Permission> permission_of(const Policy& policy, const Client& client, const S3Operation& operation,
                                 std::optional<std::uint64_t> body_bytes) {
    std::optional<Permission> best;
    for (const PolicyRule& rule : policy.rules) {
        if (rule.effect != Effect::allow || !applies(rule, client, operation)) continue;
        const Permission offered{rule.body_bytes == 0 ? UINT64_MAX : rule.body_bytes, rule.when_absent};
        if (body_bytes && *body_bytes > offered.body_bytes) continue;
        // To be free to replace comes first: a client that may do so must not hear that it may not.
        const bool better =
            !best || (best->only_when_absent && !offered.only_when_absent) ||
            (best->only_when_absent == offered.only_when_absent && best->body_bytes < offered.body_bytes);
        if (better) best = offered;
    }
    if (!best) return entity_too_large("a body beyond body_bytes of the rules that allow it");
    return *best;
}

std::optional<Denial> check_makes_only(const RequestHead& head) {
    const auto contradicts = [](const HeaderField& field) {
        return equals_ignoring_case(field.name, "If-Match") ||
               (equals_ignoring_case(field.name, "If-None-Match") && field.value != "*");
    };
    if (std::ranges::none_of(head.fields, contradicts)) return std::nullopt;
    return access_denied(
        Reason::action_denied,
        "a condition beside the rule's own (when: {absent: true}): If-Match or If-None-Match");
}

}  // namespace sallyport::gateway
