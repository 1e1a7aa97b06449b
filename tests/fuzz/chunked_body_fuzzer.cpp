#include "gateway/rules/chunk_decoder.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace sallyport::gateway;
using sallyport::fuzz::check;

namespace {

struct Body {
    enum class End { complete, cut, malformed } end = End::cut;
    std::string content = {};
    std::size_t bytes = 0;  ///< of the framed body, when complete

    bool operator==(const Body&) const = default;
};

/// What the decoder makes of a body that comes in pieces of these sizes, one after another and again.
Body read_in_pieces(std::string_view framed, const std::vector<std::size_t>& sizes) {
    using Status = DecodedChunk::Status;
    ChunkDecoder decoder;
    Body body;
    std::string waiting;
    for (std::size_t given = 0, turn = 0; given < framed.size(); ++turn) {
        const std::string_view piece = framed.substr(given, sizes[turn % sizes.size()]);
        given += piece.size();
        waiting += piece;
        for (bool more = true; more;) {
            const DecodedChunk chunk = decoder.step(waiting);
            if (chunk.status == Status::malformed) return {Body::End::malformed, body.content, 0};
            check(chunk.bytes <= waiting.size(), "no more is consumed than was given");
            check(chunk.status != Status::need_more || (chunk.bytes == 0 && waiting.size() < 256),
                  "256 bytes suffice for a step");
            body.content += chunk.body;
            body.bytes += chunk.bytes;
            if (chunk.status == Status::finished) {
                body.end = Body::End::complete;
                return body;
            }
            waiting.erase(0, chunk.bytes);
            more = chunk.status == Status::step && !waiting.empty();
        }
    }
    body.bytes = 0;
    return body;
}

/// The length of a chunk-size line and the size that it states (RFC 9112 7.1); nothing when it is none.
std::optional<std::pair<std::size_t, std::size_t>> size_line(std::string_view framed) {
    const auto end = framed.find("\r\n");
    if (end == framed.npos) return std::nullopt;
    const std::string_view line = framed.substr(0, end);
    if (line.find_first_of("\r\n") != line.npos) return std::nullopt;
    const auto digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
    if (digits == 0 || digits > 16) return std::nullopt;
    return std::pair{end + 2, std::stoull(std::string(line.substr(0, digits)), nullptr, 16)};
}

/// A second reader, of the whole body at once. It takes extensions for granted.
std::optional<Body> read_plainly(std::string_view framed) {
    Body body{Body::End::complete, "", 0};
    for (std::string_view rest = framed;;) {
        const auto line = size_line(rest);
        if (!line) return std::nullopt;
        const auto [length, size] = *line;
        rest.remove_prefix(length);
        if (rest.size() < size || rest.substr(size, 2) != "\r\n") return std::nullopt;
        body.content += rest.substr(0, size);
        rest.remove_prefix(size + 2);
        if (size != 0) continue;
        body.bytes = framed.size() - rest.size();
        return body;
    }
}

}  // namespace

/// The first byte chooses the pieces that a chunked body comes in: they change nothing, and what is taken is
/// what a plain reader of RFC 9112 takes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4096) return 0;
    const std::string_view framed(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Body whole = read_in_pieces(framed, {framed.size() + 1});
    const std::vector<std::size_t> pieces = {data[0] % 16U + 1U, data[0] / 16U + 1U};
    for (const auto& sizes : {pieces, std::vector<std::size_t>{1}})
        check(read_in_pieces(framed, sizes) == whole, "pieces change nothing");
    if (whole.end == Body::End::complete)
        check(read_plainly(framed) == whole,
              "a second reader sees the same body, and its end at the same byte");
    return 0;
}
