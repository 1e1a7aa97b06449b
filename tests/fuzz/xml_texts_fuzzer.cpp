#include "gateway/rules/store_names.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace sallyport::gateway;
using sallyport::fuzz::check;

namespace {

constexpr std::string_view prefix = "eu/";

/// What becomes of a store's answer; nothing when it is refused.
std::optional<std::string> heard(std::string_view answer, bool is_encoded, std::size_t piece) {
    const auto texts =
        answer_for_client({{"logs", "acme-logs", std::string(prefix)}, "https://h", "k", is_encoded});
    std::string out;
    for (std::size_t at = 0; at < answer.size(); at += piece) {
        if (texts->update(answer.substr(at, piece), out)) return std::nullopt;
    }
    if (texts->finish(out)) return std::nullopt;
    return out;
}

/// Of a document that has elements and texts only: nothing else can be read by the scanner below.
bool is_simple(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }) &&
           text.find_first_of("!?&\"'") == text.npos;
}

struct Text {
    std::string path;
    std::string text;
};

/// The texts of a simple document, by another reader than the one under test.
std::vector<Text> texts_of(std::string_view document) {
    std::vector<Text> texts;
    std::vector<std::string> names;
    while (!document.empty()) {
        const auto begin = std::min(document.find('<'), document.size());
        std::string path;
        for (const std::string& name : names)
            path += "/" + name;
        if (begin > 0) texts.push_back({path, std::string(document.substr(0, begin))});
        document.remove_prefix(begin);
        const auto end = std::min(document.find('>'), document.size());
        const std::string_view tag = document.substr(0, end);
        document.remove_prefix(std::min(end + 1, document.size()));
        if (tag.empty() || tag.ends_with('/')) continue;
        if (tag.starts_with("</")) {
            if (!names.empty()) names.pop_back();
        } else {
            names.emplace_back(tag.substr(1, std::min(tag.find(' '), tag.size()) - 1));
        }
    }
    return texts;
}

/// Each key of the client's is the store's without the prefix, in the same order.
void check_keys(std::string_view answer, std::string_view out) {
    std::vector<std::string> of_store;
    std::vector<std::string> of_client;
    const auto is_key = [](const Text& text) { return text.path == "/ListBucketResult/Contents/Key"; };
    for (const Text& text : texts_of(answer))
        if (is_key(text)) of_store.push_back(sallyport::s3::xml_escaped(text.text));
    for (const Text& text : texts_of(out)) {
        if (is_key(text)) of_client.push_back(std::string(prefix) + text.text);
        if (text.path == "/ListBucketResult/Name")
            check(text.text == "logs", "the bucket has its client's name");
    }
    // A key that was the prefix alone has no text any more.
    std::erase(of_store, prefix);
    check(of_store == of_client, "a key that passed is one below the prefix");
}

}  // namespace

/// The first byte chooses the pieces in which the answer comes, which change nothing, and its encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 16'384) return 0;
    const bool is_encoded = (data[0] & 1U) != 0;
    const std::string_view answer(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = heard(answer, is_encoded, answer.size() + 1);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{data[0] / 2U + 2U}})
        check(heard(answer, is_encoded, piece) == whole, "pieces change nothing");
    if (whole && !is_encoded && is_simple(answer)) check_keys(answer, *whole);
    return 0;
}
