#pragma once

#include "gateway/inventory_views.h"
#include "pki/result.h"

#include <optional>
#include <string_view>
#include <variant>

namespace sallyport::gateway {

/// What a request to the admin listener asks for.
enum class AdminPage { status_page, metrics, healthz, readyz, status, events, nothing };
using AdminQuestion = std::variant<AdminPage, InventoryQuestion>;

/// Reads a request target. Strict: an unknown, repeated or empty parameter of a view, or one that does not
/// fit it, is an error, in words for the one who asked.
pki::Result<AdminQuestion> read_admin_target(std::string_view target);

/// Is this Host field (RFC 9110 7.2) an IP address or "localhost", with or without a port? Whoever reaches a
/// listener without a token under another name may be the script of a page in an operator's browser whose
/// name was made to lead here (DNS rebinding).
bool is_address_or_localhost(std::string_view host);

/// Longest page of devices that may be asked for at once.
inline constexpr std::size_t max_page_rows = 10'000;

}  // namespace sallyport::gateway
