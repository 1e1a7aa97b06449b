#pragma once

#include "s3/aws_chunked.h"
#include "s3/chunk_signatures.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::s3 {

/// How a body is written: plain, or as aws-chunked of a form (S3 API, "Signature Calculations: Transferring
/// Payload in Multiple Chunks", and "... Including Trailing Headers").
struct BodyCoding {
    bool is_chunked = false;
    AwsChunkedForm form = {};
    std::string trailer = {};       ///< the name of its field, where the form has one
    std::size_t trailer_bytes = 0;  ///< of that field's value
};

/// How long a body of `decoded` bytes becomes: a Content-Length.
std::uint64_t encoded_length(const BodyCoding& coding, std::uint64_t decoded);

/// Writes a body whose bytes come in pieces of any size, in chunks of its own size. Its last bytes, up to a
/// chunk, go out with `finish` only: until then no reader of it can take it for whole. One body, one thread.
class BodyWriter {
  public:
    static constexpr std::size_t chunk_bytes = 64 * 1024;

    /// `signatures` where the form has them.
    BodyWriter(BodyCoding coding, std::optional<ChunkSignatures> signatures);

    /// Appends to `out` what can go out now.
    void add(std::string_view data, std::string& out);
    /// The rest and the end. `trailer_value` as long as was announced.
    void finish(std::string_view trailer_value, std::string& out);

  private:
    void flush(std::string& out);

    BodyCoding coding_;
    std::optional<ChunkSignatures> signatures_;
    std::string block_;
};

}  // namespace sallyport::s3
