#pragma once

#include <string_view>

namespace sallyport::config {

/// A host name in lower case as RFC 1123 2.1 has it, at most 253 characters, and with `_`, which some inner
/// networks use. A name whose last label is a number would be taken for an IPv4 address by some.
bool is_dns_name(std::string_view name) noexcept;

}  // namespace sallyport::config
