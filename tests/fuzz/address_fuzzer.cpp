#include "gateway/rules/s3_operation.h"
#include "s3/address.h"
#include "s3/uri.h"
#include "tests/fuzz/check.h"

#include <algorithm>

namespace gateway = sallyport::gateway;
namespace s3 = sallyport::s3;
using sallyport::fuzz::check;

namespace {

void check_address(std::string_view path) {
    const auto address = s3::split_path_style(path);
    if (!address) return;
    check(address->bucket.empty() ? address->key.empty() : s3::is_bucket_name(address->bucket),
          "a valid bucket");
    const std::string canonical = s3::request_path(*address, s3::RequestStyle::path);
    const auto again = s3::split_path_style(canonical);
    check(again.has_value() && *again == *address, "our own spelling means the same object");
    const std::string segments = "/" + address->key + "/";
    for (const auto* part : {"//", "/./", "/../", "\\"})
        check(address->key.empty() || address->key.ends_with('/') || segments.find(part) == segments.npos,
              "no segment that somebody resolves");
}

/// A store that decodes until nothing changes and merges slashes still sees an object of this bucket.
void check_reading(std::string_view path) {
    const auto reading = s3::read_path_style(path);
    if (!reading || reading->ambiguity.empty()) return;
    check(!reading->address.key.empty(), "doubts are about keys");
    std::string merged(path);
    for (auto at = merged.find('%'); at != merged.npos; at = merged.find('%', at)) {
        const auto byte = s3::percent_decode(merged.substr(at, 3));
        if (byte && byte->size() == 1) {
            merged.replace(at, 3, *byte);
            at -= std::min<std::size_t>(at, 2);  // it may end an escape that began before it
        } else {
            ++at;
        }
    }
    for (auto at = merged.find("//"); at != merged.npos; at = merged.find("//", at))
        merged.erase(at, 1);
    const std::string bucket = "/" + reading->address.bucket + "/";
    check(merged.starts_with(bucket) && merged.size() > bucket.size(), "an object of the bucket");
    merged += '/';
    check(merged.find("/./") == merged.npos && merged.find("/../") == merged.npos, "no dot segment");
}

void check_query(std::string_view raw) {
    auto query = s3::parse_query(raw);
    if (!query) return;
    auto again = s3::parse_query(s3::canonical_query(*query));
    check(again.has_value(), "the canonical query is a query");
    std::ranges::sort(*query);
    std::ranges::sort(*again);
    check(*query == *again, "the canonical query means the same");
}

}  // namespace

/// The first byte chooses the method, the rest is a request target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::string_view methods[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};
    const std::string_view target(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto question = std::min(target.find('?'), target.size());
    check_address(target.substr(0, question));
    check_reading(target.substr(0, question));
    check_query(target.substr(std::min(question + 1, target.size())));

    gateway::RequestHead head{methods[data[0] % std::size(methods)], target, 11, {}};
    const auto operation = gateway::classify(head);
    if (!operation) return 0;
    check(operation->action == gateway::unknown_action || gateway::is_action(operation->action),
          "a known word");
    head.fields.push_back({"x-amz-copy-source", "/source/key"});
    const auto copy = gateway::classify(head);
    check(copy.has_value() && copy->address == operation->address, "a copy has the same destination");
    check(copy->action != operation->action || copy->action == gateway::unknown_action,
          "a copy is another action");
    return 0;
}
