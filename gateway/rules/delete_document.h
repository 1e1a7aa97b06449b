#pragma once

#include "gateway/rules/bucket_map.h"
#include "gateway/rules/reason.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// The document of a DeleteObjects request as the store must see it (S3 API, "DeleteObjects"): written anew
/// from what was read, so that no reader finds other keys in it. Refused with `ambiguous_path`: keys that
/// stores read in different ways; with `malformed`: what is no such document of at most 1,000 objects.
Result<std::string> delete_for_store(std::string_view document, const BucketMapping& mapping);

}  // namespace sallyport::gateway
