#pragma once

#include "s3/error_document.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// What is kept of a store's error to a request of our own signing: `body` is its document, or anything. Only
/// the code, for a store's own words may hold our access key, a session token, and names of the store (S3
/// API, "Error Responses").
struct StoreError {
    std::string code;
    bool is_ours = false;  ///< our credentials or clock are at fault, not the client's
};
StoreError read_store_error(unsigned status, std::string_view body);

}  // namespace sallyport::gateway
