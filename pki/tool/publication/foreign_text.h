#pragma once

#include <string>
#include <string_view>

namespace sallyport::pki {

/// What others wrote, for a terminal or a log: at most 300 octets, each that is not printable ASCII, and each
/// backslash, as \\xHH. It can neither move the cursor nor begin a line.
std::string shown(std::string_view foreign);

}  // namespace sallyport::pki
