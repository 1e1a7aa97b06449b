#pragma once

#include "s3/checksum.h"
#include "s3/chunk_signatures.h"
#include "s3/signature_check.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::s3 {

/// Why a body is not the one that was signed.
struct PayloadFault {
    enum class Kind {
        malformed,        ///< it breaks the grammar of aws-chunked, or its fields do
        wrong_length,     ///< not as long as x-amz-decoded-content-length says
        wrong_hash,       ///< not the one of x-amz-content-sha256
        wrong_signature,  ///< of a chunk or a trailer
        wrong_checksum,   ///< not the one of its trailer
    } kind;
    std::string detail;
};
[[noreturn]] void throw_exception_from_error(const PayloadFault& fault, const boost::source_location&);

/// What the fields of an aws-chunked request say about its body.
struct ChunkedPayload {
    std::uint64_t decoded_length = 0;                   ///< x-amz-decoded-content-length
    std::optional<std::string> trailer = std::nullopt;  ///< the name in x-amz-trailer
};

/// Reads them; each must be there once, the trailer where the form has one and nowhere else.
boost::system::result<ChunkedPayload, PayloadFault> read_chunked_payload(std::span<const HeaderField> fields,
                                                                         AwsChunkedForm form);

/// Follows a body as it passes by, at any cut, and says whether it is what its signature covers: the hash of
/// all of it, or chunk for chunk with trailer and checksum. Memory does not grow with the body. One body, one
/// thread.
class PayloadCheck {
  public:
    /// `chunked` counts for a promise of chunks only.
    PayloadCheck(const CheckedSignature& signature, ChunkedPayload chunked);

    /// Hands out what an aws-chunked body holds, piece by piece, during `update`: before it is known to be
    /// right.
    void on_data(std::function<void(std::string_view)> take) { on_data_ = std::move(take); }

    /// The next bytes of the body, without the framing of HTTP. A fault is final.
    std::optional<PayloadFault> update(std::string_view data);
    /// There are no more. Nothing when all of it was as promised.
    std::optional<PayloadFault> finish();

    /// Of all bytes so far, how many at the end must not be passed on before `finish`: where a trailer comes
    /// behind the data, a store that knows its length could take it for whole. At most some kilobytes.
    std::size_t held_back() const noexcept {
        return hold_from_ ? static_cast<std::size_t>(taken_ + held_.size() - *hold_from_) : 0;
    }

    /// The checksum in its trailer, which fits; empty before that and where there is none.
    const std::string& trailer_value() const noexcept { return trailer_value_; }

  private:
    std::optional<PayloadFault> follow(std::string_view data);
    std::optional<PayloadFault> take(const AwsChunkedStep& step);
    std::optional<PayloadFault> begin_chunk(const AwsChunkedStep& step);
    std::optional<PayloadFault> end_chunk();
    std::optional<PayloadFault> take_trailer(const AwsChunkedStep& step);

    PayloadPromise promise_;
    ChunkedPayload chunked_;
    PayloadHash hash_{HashAlgorithm::sha256};
    ChunkSignatures signatures_;
    AwsChunkedDecoder decoder_;
    std::string held_;             ///< a line that is not whole yet
    std::uint64_t left_ = 0;       ///< of the chunk
    std::string chunk_signature_;  ///< that it must have
    std::uint64_t decoded_ = 0;
    std::uint64_t taken_ = 0;                 ///< of the body, without `held_`
    std::optional<std::uint64_t> hold_from_;  ///< where its last byte of data lies, once that was seen
    std::optional<Checksum> checksum_;
    std::function<void(std::string_view)> on_data_;
    std::string trailer_value_;
    std::string trailer_fields_;  ///< as their signature covers them
    std::optional<PayloadFault> fault_;
    bool has_trailer_ = false;  ///< the one that was announced
    bool finished_ = false;
};

}  // namespace sallyport::s3
