#pragma once

#include <string>
#include <string_view>

namespace sallyport::pki {

/// How well a name or a wildcard suits a server name that a client asked for.
enum class NameFit { none, wildcard, exact };

/// `pattern` is in lower case; a `*.` at its beginning stands for one label (RFC 6125 6.4.3). Names are
/// compared without regard to case (RFC 4343).
NameFit fit_of(std::string_view pattern, std::string_view name);

/// ASCII only, as host names are.
std::string lower_case(std::string_view text);

}  // namespace sallyport::pki
