#include "gateway/rules/header_rules.h"
#include "gateway/rules/request_head.h"
#include "tests/fuzz/check.h"
#include "tests/support/head_splitter.h"

#include <algorithm>

using namespace sallyport::gateway;
using sallyport::fuzz::check;

namespace {

/// What passes. An expectation that we do not wait for does not.
std::vector<HeaderField> end_to_end(const RequestHead& head, const Delivery& delivery) {
    std::vector<HeaderField> fields = head.fields;
    std::erase_if(fields, [&](const HeaderField& field) {
        return is_hop_by_hop(field.name) ||
               (!delivery.expects_continue && equals_ignoring_case(field.name, "Expect"));
    });
    return fields;
}

bool same(const HeaderField& a, const HeaderField& b) {
    return a.name == b.name && a.value == b.value;
}

}  // namespace

/// What was judged is forwarded, and a second reader that applies the same rules takes the same from it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const HostNames hosts = {"s3.example", "[2001:db8::1]"};
    const std::string_view raw(reinterpret_cast<const char*>(data), size);
    const RequestHead head = sallyport::test::HeadSplitter(raw).request();
    const auto delivery = judge_head(raw, head, hosts);
    if (!delivery) return 0;

    const std::string forwarded = upstream_head(head, *delivery);
    const RequestHead again = sallyport::test::HeadSplitter(forwarded).request();
    const auto judged = judge_head(forwarded, again, hosts);
    check(judged.has_value(), "a head that we write is one that we take");
    check(again.method == head.method && again.target == head.target, "the request line passes");
    std::vector<HeaderField> again_fields = again.fields;
    std::erase_if(again_fields, [](const HeaderField& field) { return is_hop_by_hop(field.name); });
    check(std::ranges::equal(end_to_end(head, *delivery), again_fields, same), "end-to-end fields pass");
    check(judged->framing == delivery->framing && judged->content_length == delivery->content_length,
          "both readers see the body end at the same byte");
    check(judged->host == delivery->host && !judged->host.empty(), "both readers see one host");
    return 0;
}
