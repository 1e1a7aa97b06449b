#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::s3 {

/// What x-amz-content-sha256 says about an `aws-chunked` body (S3 API, "Signature Calculations: Transferring
/// Payload in Multiple Chunks").
struct AwsChunkedForm {
    bool has_signatures = false;  ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD, with or without -TRAILER
    bool has_trailer = false;     ///< the two forms that end in -TRAILER
};

/// One step through an `aws-chunked` body. All views lie within the input.
struct AwsChunkedStep {
    enum class Kind {
        need_more,
        chunk,              ///< a chunk begins: `size`, and `signature` if the form has them
        data,               ///< of the chunk that has begun
        trailer,            ///< `name` and `value` of a field behind the last chunk
        trailer_signature,  ///< `signature` of the fields
        finished,           ///< what is behind it is not of this body
        malformed,
    } kind = Kind::need_more;
    std::size_t bytes = 0;  ///< consumed from the input, none on `need_more`
    std::uint64_t size = 0;
    std::string_view signature = {};  ///< 64 lower-case hexadecimal digits
    std::string_view data = {};
    std::string_view name = {};
    std::string_view value = {};
    std::string_view detail = {};  ///< when malformed
};

/// Takes an `aws-chunked` body apart at any cut, without copies. Strict: sizes have 1 to 16 hexadecimal
/// digits without leading zeros, each line ends with CR LF, each chunk has exactly the signature that the
/// form asks for, and fields stand behind the last chunk only where the form has a trailer: at most 8,
/// `name:value` with names of lower-case letters, digits and hyphens, none twice in a row, the signature
/// last. Such a field may end with LF CR LF, as minio-go writes it.
class AwsChunkedDecoder {
  public:
    explicit AwsChunkedDecoder(AwsChunkedForm form) : form_(form) {}

    /// Makes one step. On `need_more` give the same input again with more behind it; 1,024 bytes always
    /// suffice for a step.
    AwsChunkedStep step(std::string_view input);

  private:
    AwsChunkedStep read_chunk_line(std::string_view input);
    AwsChunkedStep read_data(std::string_view input);
    AwsChunkedStep read_end_of_data(std::string_view input);
    AwsChunkedStep read_trailer_line(std::string_view input);
    AwsChunkedStep read_field(std::string_view line, std::size_t consumed);

    enum class Expected { chunk, data, end_of_data, trailer, nothing };

    AwsChunkedForm form_;
    Expected expected_ = Expected::chunk;
    std::uint64_t left_ = 0;  ///< of the chunk
    unsigned fields_ = 0;
    bool signed_trailer_ = false;
};

}  // namespace sallyport::s3
