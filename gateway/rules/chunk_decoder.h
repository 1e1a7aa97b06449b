#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// A piece of a chunked body.
struct DecodedChunk {
    /// `step`: there may be more in the input; `finished`: the body has ended, what is behind it is not its
    /// own.
    enum class Status { need_more, step, finished, malformed } status = Status::need_more;
    std::size_t bytes = 0;         ///< consumed from the input, none on `need_more`
    std::string_view body = {};    ///< within the input; may be empty
    std::uint64_t announced = 0;   ///< how much of the body the chunk holds whose size was just read
    std::string_view detail = {};  ///< when malformed
};

/// Takes the framing off a chunked body, without copies and at any cut (RFC 9112 7.1). Where readers disagree
/// it is stricter than the grammar: a size has 1 to 16 digits and nothing around it, every line ends with CR
/// LF, extensions are well-formed, few, and passed over, and there are no trailer fields, since nobody signed
/// or judged them.
class ChunkDecoder {
  public:
    /// Makes one step. On `need_more` give the same input again with more behind it; 256 bytes always suffice
    /// for a step.
    DecodedChunk step(std::string_view input);

  private:
    DecodedChunk read_size(std::string_view input);
    DecodedChunk read_data(std::string_view input);
    DecodedChunk read_line_end(std::string_view input);

    enum class Expected { size, data, end_of_data, end_of_body } expected_ = Expected::size;
    std::uint64_t left_ = 0;  ///< of the chunk
    std::size_t extension_bytes_ = 0;
};

}  // namespace sallyport::gateway
