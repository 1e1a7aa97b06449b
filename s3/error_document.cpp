#include "s3/error_document.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sallyport::s3 {
namespace {

constexpr std::size_t max_document_bytes = 64 * 1024;

Error malformed(std::string_view what) {
    return {Fault::malformed, "the error document " + std::string{what}};
}

std::string escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&') {
            escaped += "&amp;";
        } else if (c == '<') {
            escaped += "&lt;";
        } else if (c == '>') {
            escaped += "&gt;";
        } else if (c == '"') {
            escaped += "&quot;";
        } else if (byte < 0x20 || byte == 0x7F) {
            escaped += '?';
        } else {
            escaped += c;
        }
    }
    return escaped;
}

void append_utf8(std::string& text, std::uint32_t code_point) {
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0U | code_point >> 6U);
        put(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        put(0xE0U | code_point >> 12U);
        put(0x80U | (code_point >> 6U & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    } else {
        put(0xF0U | code_point >> 18U);
        put(0x80U | (code_point >> 12U & 0x3FU));
        put(0x80U | (code_point >> 6U & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    }
}

/// `name` is what stands between `&` and `;`. False: no reference that XML 1.0 defines by itself.
bool append_reference(std::string& text, std::string_view name) {
    constexpr std::pair<std::string_view, char> predefined[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [known, c] : predefined) {
        if (name == known) {
            text += c;
            return true;
        }
    }
    if (!name.starts_with('#')) return false;
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    if (base == 16) name.remove_prefix(1);
    std::uint32_t code_point = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, failure] = std::from_chars(name.data(), end, code_point, base);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (failure != std::errc{} || stop != end || code_point == 0 || code_point > 0x10FFFF || surrogate) {
        return false;
    }
    append_utf8(text, code_point);
    return true;
}

class Reader {
  public:
    explicit Reader(std::string_view rest) : rest_(rest) {}

    bool at_end() const { return rest_.empty(); }

    void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    /// What stands before `end`, which is taken too.
    Result<std::string_view> take_until(std::string_view end) {
        const std::size_t at = rest_.find(end);
        if (at == std::string_view::npos) return malformed("ends too early");
        const std::string_view part = rest_.substr(0, at);
        rest_.remove_prefix(at + end.size());
        return part;
    }

    /// The rest of a start tag after `<`: its name, and whether it closed itself. Attributes are skipped.
    Result<std::pair<std::string_view, bool>> take_start_tag() {
        auto tag = take_until(">");
        if (!tag) return tag.error();
        const bool empty = tag->ends_with('/');
        if (empty) tag->remove_suffix(1);
        const std::string_view name = tag->substr(0, tag->find_first_of(" \t\r\n"));
        const bool letters = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                   c == '_' || c == '.';
        });
        if (name.empty() || !letters || tag->find('<') != std::string_view::npos) {
            return malformed("has a tag that is no plain element");
        }
        return std::pair{name, empty};
    }

    /// Text up to the next `<`, references resolved, control bytes turned into spaces.
    Result<std::string> take_text() {
        std::string text;
        while (!rest_.empty() && rest_.front() != '<') {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c != '&') {
                text += c;
                continue;
            }
            const std::size_t end = rest_.substr(0, 12).find(';');
            if (end == std::string_view::npos || !append_reference(text, rest_.substr(0, end))) {
                return malformed("has an unknown entity");
            }
            rest_.remove_prefix(end + 1);
        }
        std::replace_if(
            text.begin(), text.end(),
            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
        return text;
    }

  private:
    std::string_view rest_;
};

}  // namespace

std::string write_error_document(const ErrorDocument& document) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + escape(document.code) +
           "</Code><Message>" + escape(document.message) + "</Message><Resource>" +
           escape(document.resource) + "</Resource><RequestId>" + escape(document.request_id) +
           "</RequestId></Error>\n";
}

Result<ErrorDocument> read_error_document(std::string_view body) {
    if (body.size() > max_document_bytes) {
        return Error{Fault::too_large, "the error document is over 65536 bytes"};
    }
    Reader reader{body};
    if (reader.take("<?xml ")) {
        if (auto declaration = reader.take_until("?>"); !declaration) return declaration.error();
    }
    reader.skip_space();
    if (!reader.take("<")) return malformed("does not begin with an element");
    const auto root = reader.take_start_tag();
    if (!root) return root.error();
    if (root->first != "Error" || root->second) return malformed("has no Error element");

    ErrorDocument document;
    const std::pair<std::string_view, std::string*> wanted[] = {{"Code", &document.code},
                                                                {"Message", &document.message},
                                                                {"Resource", &document.resource},
                                                                {"RequestId", &document.request_id}};
    bool seen[std::size(wanted)] = {};
    for (reader.skip_space(); !reader.take("</Error"); reader.skip_space()) {
        if (!reader.take("<")) return malformed("has text between its elements, or ends too early");
        const auto tag = reader.take_start_tag();
        if (!tag) return tag.error();
        auto text = tag->second ? Result<std::string>{std::string{}} : reader.take_text();
        if (!text) return text.error();
        if (!tag->second && (!reader.take("</") || !reader.take(tag->first) || !reader.take(">"))) {
            return malformed("has a nested or unclosed element");
        }
        for (std::size_t i = 0; i < std::size(wanted); ++i) {
            if (tag->first != wanted[i].first) continue;
            if (seen[i]) return malformed("has an element twice");
            seen[i] = true;
            *wanted[i].second = std::move(*text);
        }
    }
    reader.skip_space();
    if (!reader.take(">")) return malformed("has an unclosed element");
    reader.skip_space();
    if (!reader.at_end()) return malformed("goes on behind its end");
    if (document.code.empty()) return malformed("has no Code");
    return document;
}

}  // namespace sallyport::s3
