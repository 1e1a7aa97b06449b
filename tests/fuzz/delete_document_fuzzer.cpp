#include "gateway/rules/delete_document.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

using namespace sallyport::gateway;
using sallyport::fuzz::check;

namespace {

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size()))
        ++count;
    return count;
}

/// A key that no reader takes for one outside the prefix, whatever it decodes.
void check_key(std::string_view key) {
    check(key.starts_with("eu/") && key.size() > 3, "a key is below the prefix");
    for (std::string_view rest = key;;) {
        const auto slash = rest.find('/');
        const std::string_view segment = rest.substr(0, slash);
        check(segment != "." && segment != "..", "no segment is of dots");
        if (slash == rest.npos) break;
        check(!segment.empty(), "no segment is empty");
        rest.remove_prefix(slash + 1);
    }
    check(std::ranges::none_of(key, [](char c) { return (c >= 0 && c < ' ') || c == '\\' || c == '\x7f'; }),
          "no byte is of control");
}

/// What was written has no markup but these elements: the scanner needs no more.
void check_written(std::string_view document) {
    constexpr std::array<std::string_view, 8> known = {"Delete",    "Quiet", "Object",           "Key",
                                                       "VersionId", "ETag",  "LastModifiedTime", "Size"};
    std::string_view rest = document;
    for (auto at = rest.find('<'); at != rest.npos; at = rest.find('<')) {
        rest.remove_prefix(at + 1);
        if (rest.starts_with('/')) rest.remove_prefix(1);
        const std::string_view name = rest.substr(0, rest.find('>'));
        check(std::ranges::find(known, name) != known.end(), "an element is one of the S3 API's");
        rest.remove_prefix(name.size() + 1);
        if (name != "Key" || document.substr(0, document.size() - rest.size()).ends_with("</Key>")) continue;
        check_key(rest.substr(0, rest.find('<')));
    }
    const std::size_t objects = count_of(document, "<Object>");
    check(objects <= 1000, "there are at most a thousand");
    check(count_of(document, "<Key>") == objects && count_of(document, "</Object>") == objects &&
              count_of(document, "<Object><Key>") == objects,
          "each object has one key");
    check(count_of(document, "<Quiet>") <= 1, "quiet stands once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65'536) return 0;
    const std::string_view document(reinterpret_cast<const char*>(data), size);
    const auto written = delete_for_store(document, {"logs", "acme-logs", "eu/"});
    if (!written) return 0;
    check_written(*written);
    // Read once more, it says the same below one prefix more: nothing in it is read in two ways.
    const auto again = delete_for_store(*written, {"logs", "acme-logs", ""});
    const bool is_too_long = !again && size > 1000;
    check(is_too_long || (again && *again == *written), "what was written is read as it was meant");
    return 0;
}
