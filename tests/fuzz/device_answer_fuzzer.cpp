#include "firmware-client/http_answer.h"
#include "tests/fuzz/check.h"

#include <string_view>

namespace device = sallyport::device;
using sallyport::fuzz::check;

namespace {

constexpr std::size_t max_body = 4096;

/// How an answer was read: nothing while it is refused.
struct Outcome {
    bool whole = false;
    unsigned status = 0;
    std::string body;
    std::string object;
};

Outcome read(std::string_view bytes, bool head, bool download, std::size_t step) {
    device::TextSink sink(max_body);
    device::AnswerParser parser(head, max_body, download ? &sink : nullptr);
    for (std::size_t at = 0; at < bytes.size() && !parser.complete(); at += step) {
        if (!parser.feed(bytes.substr(at, step))) return {};
    }
    if (!parser.complete() && !parser.end_of_stream()) return {};
    check(parser.complete(), "an answer whose end is accepted is whole");
    const device::Answer answer = parser.take();
    check(answer.body.size() <= max_body && sink.text.size() <= max_body, "a body is bounded");
    check(answer.headers.size() <= 100, "headers are bounded");
    check(answer.status >= 200 && answer.status <= 599, "a status is one of an answer");
    return {true, answer.status, answer.body, sink.text};
}

}  // namespace

/// The first byte says what the request was; the rest is what a hostile server answers.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const bool head = (data[0] & 1) != 0;
    const bool download = (data[0] & 2) != 0;
    const Outcome whole = read(bytes, head, download, bytes.size() + 1);
    const Outcome pieces = read(bytes, head, download, 1);
    check(whole.whole == pieces.whole && whole.status == pieces.status && whole.body == pieces.body &&
              whole.object == pieces.object,
          "where the network splits changes nothing");
    return 0;
}
