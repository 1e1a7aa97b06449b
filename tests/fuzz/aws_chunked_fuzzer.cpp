#include "s3/aws_chunked.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdint>
#include <string>

using namespace sallyport::s3;
using sallyport::fuzz::check;

namespace {

struct Body {
    enum class End { complete, cut, malformed } end = End::cut;
    std::string content = {};
    std::string fields = {};      ///< and signatures, in their order
    std::uint64_t announced = 0;  ///< by the chunks
    std::size_t bytes = 0;

    bool operator==(const Body&) const = default;
};

Body read_in_pieces(AwsChunkedForm form, std::string_view framed, std::size_t size) {
    using Kind = AwsChunkedStep::Kind;
    AwsChunkedDecoder decoder(form);
    Body body;
    std::size_t begin = 0;
    std::size_t end = std::min(size, framed.size());
    for (;;) {
        const AwsChunkedStep step = decoder.step(framed.substr(begin, end - begin));
        check(step.bytes <= end - begin, "no more is consumed than was given");
        begin += step.bytes;
        body.content += step.data;
        body.announced += step.size;
        if (step.kind == Kind::need_more) {
            check(step.bytes == 0 && end - begin < 1024 + 2, "1,024 bytes suffice for a step");
            if (end == framed.size()) return body;
            end = std::min(end + size, framed.size());
            continue;
        }
        if (step.kind != Kind::data) {  // of which there are as many as the input has pieces
            body.fields +=
                std::string(step.name) + ':' + std::string(step.value) + std::string(step.signature);
        }
        check(step.kind == Kind::malformed || step.bytes > 0, "a step goes on");
        check((step.kind == Kind::chunk || step.kind == Kind::trailer_signature) || step.signature.empty(),
              "only chunks and trailers are signed");
        check(step.kind != Kind::chunk || step.signature.empty() != form.has_signatures,
              "a chunk has a signature where the form has them, and only there");
        if (step.kind == Kind::malformed) return {Body::End::malformed, body.content, "", 0, 0};
        if (step.kind == Kind::finished) {
            body.end = Body::End::complete;
            body.bytes = begin;
            check(body.announced == body.content.size(), "the body is what the chunks announce");
            return body;
        }
    }
}

}  // namespace

/// The first byte chooses the form and the pieces in which the body comes, which change nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 4096) return 0;
    const AwsChunkedForm form{(data[0] & 1U) != 0, (data[0] & 2U) != 0};
    const std::string_view framed(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Body whole = read_in_pieces(form, framed, framed.size() + 1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{data[0] / 4U + 1U}})
        check(read_in_pieces(form, framed, piece) == whole, "pieces change nothing");
    return 0;
}
