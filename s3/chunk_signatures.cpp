#include "s3/chunk_signatures.h"

#include "s3/credentials.h"

#include <utility>

namespace sallyport::s3 {

ChunkSignatures::ChunkSignatures(const SigningKey& key, std::chrono::sys_seconds time,
                                 const CredentialScope& scope, std::string seed)
    : key_(key), prefix_(amz_date(time) + '\n' + scope.text() + '\n'), previous_(std::move(seed)) {}

void ChunkSignatures::update(std::string_view data) {
    hash_.update(std::as_bytes(std::span(data)));
}

std::string ChunkSignatures::finish_chunk() {
    const std::string hash = std::exchange(hash_, PayloadHash(HashAlgorithm::sha256)).finish();
    previous_ = next("AWS4-HMAC-SHA256-PAYLOAD", std::string(empty_payload) + '\n' + hash);
    return previous_;
}

std::string ChunkSignatures::trailer(std::string_view fields) const {
    return next("AWS4-HMAC-SHA256-TRAILER", sha256_hex(fields));
}

std::string ChunkSignatures::next(std::string_view algorithm, std::string_view hashes) const {
    return signature(key_, std::string(algorithm) + '\n' + prefix_ + previous_ + '\n' + std::string(hashes));
}

}  // namespace sallyport::s3
