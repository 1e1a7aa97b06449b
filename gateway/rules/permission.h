#pragma once

#include "gateway/rules/policy.h"
#include "gateway/rules/request_head.h"

#include <cstdint>
#include <optional>

namespace sallyport::gateway {

/// What a request that is allowed must keep to.
struct Permission {
    std::uint64_t body_bytes = UINT64_MAX;  ///< of its body
    bool only_when_absent = false;          ///< it may make an object, not replace one
};

/// The most that the rules which allow this operation (`authorize` said so) leave to a body of `body_bytes`;
/// of one whose length is not known yet (chunked), what it may come to. Refusals: `too_large`.
Result<Permission> permission_of(const Policy& policy, const Client& client, const S3Operation& operation,
                                 std::optional<std::uint64_t> body_bytes);

/// May this head go to the store as one that only makes objects? Not with conditions of its own that say
/// something else (RFC 9110 13.1): `If-Match`, and `If-None-Match` other than `*`.
std::optional<Denial> check_makes_only(const RequestHead& head);

}  // namespace sallyport::gateway
