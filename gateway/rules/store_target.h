#pragma once

#include "gateway/rules/bucket_map.h"
#include "gateway/rules/request_head.h"
#include "gateway/rules/s3_operation.h"

#include <string>
#include <vector>

namespace sallyport::gateway {

/// How the store is addressed where requests are signed anew.
struct StoreAddressing {
    std::string host;             ///< as its Host field has it, with a port where that is not the usual one
    bool virtual_hosted = false;  ///< `bucket.host` instead of `/bucket`
    std::string region;
    /// How bodies go on that came as aws-chunked. Both other ways need TLS.
    enum class Chunks {
        as_signed,    ///< signed chunks are signed anew
        as_unsigned,  ///< signed chunks lose their signatures; a checksum behind them is kept
        taken_apart,  ///< plain, for stores that do not know aws-chunked; a checksum behind them is lost
    } chunks = Chunks::as_signed;
    BucketMap buckets;

    bool operator==(const StoreAddressing&) const = default;
};

/// A field of our own making.
struct OwnField {
    std::string name;
    std::string value;
};

/// Where a request goes in the store.
struct StoreTarget {
    const BucketMapping* mapping = nullptr;  ///< null: the bucket has its own name
    std::string host;
    std::string target;                 ///< path and query
    std::vector<OwnField> fields = {};  ///< that stand for the client's of the same names
};

/// Where an operation that was allowed leads in the store: path and query with the store's names, and without
/// a signature. Refused: buckets that are not mapped, and what acts on more of the store than is mapped, or
/// would hand out credentials of the store (`action_denied`); keys that get too long.
Result<StoreTarget> target_in_store(const RequestHead& head, const S3Operation& operation,
                                    const StoreAddressing& addressing);

}  // namespace sallyport::gateway
