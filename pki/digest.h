#pragma once

#include "pki/result.h"

#include <string>
#include <string_view>

namespace sallyport::pki {

/// The SHA-256 of `content`, 32 octets. Error: the library failed us.
Result<std::string> sha256(std::string_view content);

}  // namespace sallyport::pki
