#pragma once

#include "gateway/rules/request_head.h"

#include <optional>
#include <string_view>

namespace sallyport::gateway {

/// Which trace a request belongs to (W3C Trace Context, level 1).
struct TraceContext {
    std::string_view trace_id;   ///< 32 digits, lower-case hexadecimal, not all zero
    std::string_view parent_id;  ///< 16 of them: the span that sent the request
};

/// The value of one traceparent field (section 3.2): version 00 exactly as it is written there. Of a later
/// version, which may have more behind the flags, the fields of version 00 count. Version ff, upper case,
/// identifiers that are all zero and anything else that is not as written: nothing. The views point into
/// `value`.
std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept;

/// The trace of a request. Nothing when it has no traceparent, one that is not valid, or more than one. The
/// fields themselves are never touched: traceparent and tracestate reach the store as they came, and a
/// request without them gets none, because pass-through adds nothing.
std::optional<TraceContext> trace_of(const RequestHead& head) noexcept;

}  // namespace sallyport::gateway
