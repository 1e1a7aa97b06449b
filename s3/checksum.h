#pragma once

#include "s3/payload_hash.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/crc.hpp>

namespace sallyport::s3 {

/// The checksums of objects (S3 API, "Checking object integrity").
enum class ChecksumAlgorithm { crc32, crc32c, crc64nvme, md5, sha1, sha256, sha512 };

/// The algorithm of a field `x-amz-checksum-...`, whose name is in lower case; nothing for any other name.
std::optional<ChecksumAlgorithm> checksum_of_field(std::string_view name) noexcept;

/// How long its text is in Base64.
std::size_t text_length(ChecksumAlgorithm algorithm) noexcept;

/// A checksum of a body that passes by in blocks. One thread at a time.
class Checksum {
  public:
    explicit Checksum(ChecksumAlgorithm algorithm);

    void update(std::string_view block);

    /// In Base64, as the field has it. The object is spent afterwards.
    std::string finish();

  private:
    ChecksumAlgorithm algorithm_;
    boost::crc_32_type crc32_;
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc32c_;
    boost::crc_optimal<64, 0xAD93D23594C93659, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, true, true> crc64nvme_;
    std::optional<PayloadHash> hash_;
};

}  // namespace sallyport::s3
