#include "gateway/rules/header_rules.h"
#include "tests/fuzz/check.h"
#include "tests/support/head_splitter.h"

using namespace sallyport::gateway;
using sallyport::fuzz::check;

/// The first byte chooses the method; the answer that we write is one that we would take, with the same body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view method = data[0] % 2 == 0 ? "GET" : "HEAD";
    const std::string_view raw(reinterpret_cast<const char*>(data) + 1, size - 1);
    const AnswerHead answer = sallyport::test::HeadSplitter(raw).answer();
    const auto delivery = judge_answer(raw, answer, method);
    if (!delivery) return 0;

    using Kind = AnswerDelivery::Framing;
    const bool chunked = delivery->framing == Kind::chunked || delivery->framing == Kind::until_close;
    const std::string written = downstream_head(answer, *delivery, chunked, true);
    const AnswerHead again = sallyport::test::HeadSplitter(written).answer();
    const auto judged = judge_answer(written, again, method);
    check(judged.has_value(), "an answer that we write is one that we take");
    check(again.status == answer.status, "the status passes");
    if (answer.status == 204) return 0;
    check(judged->framing == (chunked ? Kind::chunked : delivery->framing), "both readers see one framing");
    check(judged->content_length == delivery->content_length || chunked, "both readers see one length");
    return 0;
}
