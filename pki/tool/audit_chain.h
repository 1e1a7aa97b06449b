#pragma once

#include "pki/result.h"
#include "pki/tool/index.h"

#include <string>
#include <string_view>

namespace sallyport::pki {

/// The hash that seals an event: SHA-256 over the hash of the event before it (empty for the first) and all
/// fields of this one, each with its length in front. Who changes, removes or inserts an event must change
/// the hash of each that follows, and so the last one, which the operator can keep elsewhere.
Result<std::string> chained_hash(std::string_view previous, const Event& event);

}  // namespace sallyport::pki
