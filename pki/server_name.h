#pragma once

#include <string>
#include <string_view>

namespace sallyport::pki {

/// How well a name or a wildcard suits a server name that a client asked for.
enum class NameFit { none, wildcard, exact };

/// `pattern` is in lower case; a `*.` at its beginning stands for one label (RFC 6125 6.4.3). Names are
/// compared without regard to case (RFC 4343).
NameFit fit_of(std::string_view pattern, std::string_view name);

/// The host name in the content of a hello's server_name extension (RFC 6066 3), in the client's spelling;
/// empty when OpenSSL would not take it either (it refuses such a hello). A view into `content`.
std::string_view host_name_in(std::string_view content);

/// ASCII only, as host names are.
std::string lower_case(std::string_view text);

}  // namespace sallyport::pki
