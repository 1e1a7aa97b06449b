#include "gateway/rules/trace_context.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

constexpr std::size_t version_digits = 2;
constexpr std::size_t trace_digits = 32;
constexpr std::size_t parent_digits = 16;
constexpr std::size_t flags_digits = 2;
constexpr std::size_t trace_at = version_digits + 1;
constexpr std::size_t parent_at = trace_at + trace_digits + 1;
constexpr std::size_t flags_at = parent_at + parent_digits + 1;
constexpr std::size_t whole = flags_at + flags_digits;

bool is_hexadecimal(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept {
    if (value.size() < whole) return std::nullopt;
    const auto version = value.substr(0, version_digits);
    const auto trace = value.substr(trace_at, trace_digits);
    const auto parent = value.substr(parent_at, parent_digits);
    const auto flags = value.substr(flags_at, flags_digits);
    for (const auto field : {version, trace, parent, flags}) {
        if (!is_hexadecimal(field)) return std::nullopt;
    }
    if (value[trace_at - 1] != '-' || value[parent_at - 1] != '-' || value[flags_at - 1] != '-')
        return std::nullopt;
    if (version == "ff" || is_zero(trace) || is_zero(parent)) return std::nullopt;
    const bool has_more = value.size() > whole;
    if (has_more && (version == "00" || value[whole] != '-')) return std::nullopt;
    return TraceContext{trace, parent};
}

std::optional<TraceContext> trace_of(const RequestHead& head) noexcept {
    const HeaderField* found = nullptr;
    for (const HeaderField& field : head.fields) {
        if (!equals_ignoring_case(field.name, "traceparent")) continue;
        if (found != nullptr) return std::nullopt;
        found = &field;
    }
    return found != nullptr ? parse_traceparent(found->value) : std::nullopt;
}

}  // namespace sallyport::gateway
