#include "s3/checksum.h"

#include <algorithm>
#include <span>

#include <openssl/evp.h>

namespace sallyport::s3 {
namespace {

struct Named {
    std::string_view field;
    ChecksumAlgorithm algorithm;
};

constexpr Named named[] = {
    {"x-amz-checksum-crc32", ChecksumAlgorithm::crc32},
    {"x-amz-checksum-crc32c", ChecksumAlgorithm::crc32c},
    {"x-amz-checksum-crc64nvme", ChecksumAlgorithm::crc64nvme},
    {"x-amz-checksum-md5", ChecksumAlgorithm::md5},
    {"x-amz-checksum-sha1", ChecksumAlgorithm::sha1},
    {"x-amz-checksum-sha256", ChecksumAlgorithm::sha256},
    {"x-amz-checksum-sha512", ChecksumAlgorithm::sha512},
};

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string big_endian(std::uint64_t number, std::size_t octets) {
    std::string bytes(octets, '\0');
    for (std::size_t i = octets; i > 0; --i, number >>= 8U)
        bytes[i - 1] = static_cast<char>(number & 0xFFU);
    return bytes;
}

}  // namespace

std::optional<ChecksumAlgorithm> checksum_of_field(std::string_view name) noexcept {
    const auto found = std::ranges::find(named, name, &Named::field);
    return found == std::end(named) ? std::nullopt : std::optional(found->algorithm);
}

std::size_t text_length(ChecksumAlgorithm algorithm) noexcept {
    const auto octets = [algorithm]() -> std::size_t {
        switch (algorithm) {
            case ChecksumAlgorithm::crc32:
            case ChecksumAlgorithm::crc32c:
                return 4;
            case ChecksumAlgorithm::crc64nvme:
                return 8;
            case ChecksumAlgorithm::md5:
                return 16;
            case ChecksumAlgorithm::sha1:
                return 20;
            case ChecksumAlgorithm::sha256:
                return 32;
            case ChecksumAlgorithm::sha512:
                return 64;
        }
        return 0;
    }();
    return (octets + 2) / 3 * 4;
}

Checksum::Checksum(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
    if (algorithm == ChecksumAlgorithm::md5) hash_.emplace(HashAlgorithm::md5);
    if (algorithm == ChecksumAlgorithm::sha1) hash_.emplace(HashAlgorithm::sha1);
    if (algorithm == ChecksumAlgorithm::sha256) hash_.emplace(HashAlgorithm::sha256);
    if (algorithm == ChecksumAlgorithm::sha512) hash_.emplace(HashAlgorithm::sha512);
}

void Checksum::update(std::string_view block) {
    switch (algorithm_) {
        case ChecksumAlgorithm::crc32:
            return crc32_.process_bytes(block.data(), block.size());
        case ChecksumAlgorithm::crc32c:
            return crc32c_.process_bytes(block.data(), block.size());
        case ChecksumAlgorithm::crc64nvme:
            return crc64nvme_.process_bytes(block.data(), block.size());
        case ChecksumAlgorithm::md5:
        case ChecksumAlgorithm::sha1:
        case ChecksumAlgorithm::sha256:
        case ChecksumAlgorithm::sha512:
            return hash_->update(std::as_bytes(std::span(block)));
    }
}

std::string Checksum::finish() {
    switch (algorithm_) {
        case ChecksumAlgorithm::crc32:
            return base64(big_endian(crc32_.checksum(), 4));
        case ChecksumAlgorithm::crc32c:
            return base64(big_endian(crc32c_.checksum(), 4));
        case ChecksumAlgorithm::crc64nvme:
            return base64(big_endian(crc64nvme_.checksum(), 8));
        case ChecksumAlgorithm::md5:
        case ChecksumAlgorithm::sha1:
        case ChecksumAlgorithm::sha256:
        case ChecksumAlgorithm::sha512:
            break;
    }
    return base64(hash_->finish_raw());
}

}  // namespace sallyport::s3
