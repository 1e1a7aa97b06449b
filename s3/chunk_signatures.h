#pragma once

#include "s3/payload_hash.h"
#include "s3/sigv4.h"

#include <chrono>
#include <string>
#include <string_view>

namespace sallyport::s3 {

/// The chain of signatures through an `aws-chunked` body: each covers the one before it and one chunk, the
/// first begins with the signature of the request (S3 API, "Signature Calculations: Transferring Payload in
/// Multiple Chunks", and "... Including Trailing Headers"). One body at a time; memory does not grow with it.
class ChunkSignatures {
  public:
    ChunkSignatures(const SigningKey& key, std::chrono::sys_seconds time, const CredentialScope& scope,
                    std::string seed);

    /// Data of the chunk at hand.
    void update(std::string_view data);
    /// The signature of the chunk at hand, which ends here; the next chunk's covers it.
    std::string finish_chunk();
    /// The signature of the trailer: `fields` are its lines, `name:value`, each ended by a line feed.
    std::string trailer(std::string_view fields) const;

  private:
    std::string next(std::string_view algorithm, std::string_view hashes) const;

    SigningKey key_;
    std::string prefix_;  ///< date and scope, as lines
    std::string previous_;
    PayloadHash hash_{HashAlgorithm::sha256};
};

}  // namespace sallyport::s3
