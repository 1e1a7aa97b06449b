#pragma once

#include "gateway/rules/request_head.h"
#include "gateway/rules/store_target.h"
#include "s3/body_writer.h"
#include "s3/payload_check.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// Whose signature the store sees.
struct StoreSigner {
    const s3::AccessKey& access_key;
    const s3::SigningKey& key;         ///< of `scope`
    const s3::CredentialScope& scope;  ///< of the day of `time`
    std::string_view session_token;    ///< empty: none
    std::chrono::sys_seconds time;
};

/// What x-amz-content-sha256 says to the store, and how the body is written.
struct StorePayload {
    std::string hash;                           ///< the value of x-amz-content-sha256
    std::optional<s3::BodyCoding> coding = {};  ///< nothing: the body passes as it comes
    std::uint64_t length = 0;                   ///< of the body with a coding
};

/// A payload hash is kept, so that the store checks the body, too. What becomes of chunks says `way`; those
/// without signatures pass as they come unless all are to be taken apart.
StorePayload payload_for_store(const s3::PayloadPromise& promise, const s3::ChunkedPayload& chunked,
                               StoreAddressing::Chunks way);

/// A head for the store and the seed of its chunks' signatures.
struct SignedHead {
    std::string text;
    std::string signature;
};

/// The head with its own fields, but for those of the client's signature and connection, and a signature that
/// covers Host, all x-amz-* fields, Content-MD5 and Content-Type. `delivery` frames the body for the store.
Result<SignedHead> signed_head(const RequestHead& head, const StoreTarget& target, const Delivery& delivery,
                               const StorePayload& payload, const StoreSigner& signer);

}  // namespace sallyport::gateway
