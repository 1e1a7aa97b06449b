#pragma once

#include "gateway/rules/store_head.h"
#include "gateway/rules/store_names.h"
#include "gateway/rules/store_target.h"
#include "gateway/rules/upload_filter.h"

#include <memory>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// A request as it was judged: allowed, and signed by `signature`.
struct JudgedRequest {
    const RequestHead& head;
    const Delivery& delivery;
    const S3Operation& operation;
    const s3::CheckedSignature& signature;
    const s3::ChunkedPayload& chunked;  ///< all zero for a body that is not aws-chunked
    bool only_when_absent = false;      ///< the store is asked to replace nothing, see `upstream_head`
};

/// A request as the store gets it.
struct ResignedRequest {
    std::string head;
    Delivery delivery;                       ///< frames the body for the store
    std::optional<s3::BodyWriter> writer;    ///< nothing: the body passes as it comes
    const BucketMapping* mapping = nullptr;  ///< by which its answer is read; null: names are the same
};

/// Must its body be read as a whole, and rewritten, before it can be signed? `delete_for_store` rewrites it.
const BucketMapping* mapping_of_document(const S3Operation& operation, const BucketMap& buckets) noexcept;

/// Would the store have all of it with its head, before the chunks of its body were read? An empty object in
/// chunks would be there without anybody's signature.
bool is_whole_with_its_head(const JudgedRequest& request, StoreAddressing::Chunks way);

/// The request with a signature of `signer`. Refusals: see `target_in_store` and `signed_head`.
Result<ResignedRequest> resigned(const JudgedRequest& request, const StoreAddressing& addressing,
                                 const StoreSigner& signer);
/// The same with `document` for its body: its length, hash and checksums are said anew.
Result<ResignedRequest> resigned_document(const JudgedRequest& request, const StoreAddressing& addressing,
                                          const StoreSigner& signer, std::string_view document);

}  // namespace sallyport::gateway
