#include "pki/crl_file.h"

#include "pki/base64.h"

#include <cstring>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_blocks = 1000;
constexpr std::string_view begin_marker = "-----BEGIN ";
constexpr std::string_view begin_line = "-----BEGIN X509 CRL-----";
constexpr std::string_view end_line = "-----END X509 CRL-----";

CrlError no_crl(std::string_view what) {
    return {CrlLoad::parse_error, std::string(what)};
}

bool at_line_start(const std::string& text, std::size_t at) {
    return at == 0 || text[at - 1] == '\n';
}

/// The length of the line end at `at`, or 0.
std::size_t line_end_at(const std::string& text, std::size_t at) {
    if (text.compare(at, 2, "\r\n") == 0) return 2;
    return text.compare(at, 1, "\n") == 0 ? 1 : 0;
}

/// Where the DER of a block lies in the text that it was decoded in.
struct Extent {
    std::size_t begin;
    std::size_t size;
};

CrlResult<std::vector<Extent>> decode_blocks(std::string& text) {
    std::vector<Extent> blocks;
    for (std::size_t at = text.find(begin_marker); at != text.npos; at = text.find(begin_marker, at)) {
        if (!at_line_start(text, at) || text.compare(at, begin_line.size(), begin_line) != 0)
            return no_crl("a PEM block that is no CRL");
        if (blocks.size() == max_blocks) return no_crl("more than 1000 CRLs in one file");
        const std::size_t body = at + begin_line.size();
        const std::size_t end = text.find("-----", body);
        if (end == text.npos || text.compare(end, end_line.size(), end_line) != 0 ||
            !at_line_start(text, end)) {
            return no_crl("malformed CRL: a PEM block without its end");
        }
        // What stands above an empty line some readers take for a header (RFC 1421), and leave out.
        const std::size_t lines = body + line_end_at(text, body);
        if (lines == body) return no_crl("malformed CRL: something beside a marker of a PEM block");
        const auto size =
            decode_base64_lines(std::string_view(text).substr(lines, end - lines), text.data() + body);
        if (!size || *size == 0)
            return no_crl("malformed CRL: damaged Base64, or an empty line, in a PEM block");
        blocks.push_back({body, *size});
        at = end + end_line.size();
    }
    return blocks;
}

}  // namespace

CrlResult<std::vector<std::string>> split_crl_file(std::string content) {
    std::vector<std::string> crls;
    if (content.starts_with('\x30')) {
        crls.push_back(std::move(content));
        return crls;
    }
    const auto blocks = decode_blocks(content);
    if (!blocks) return blocks.error();
    if (blocks->empty()) return no_crl("malformed CRL: neither DER nor PEM blocks");
    if (blocks->size() == 1) {
        const Extent only = blocks->front();
        std::memmove(content.data(), content.data() + only.begin, only.size);
        content.resize(only.size);
        crls.push_back(std::move(content));
        return crls;
    }
    for (const Extent& block : *blocks)
        crls.emplace_back(content, block.begin, block.size);
    return crls;
}

}  // namespace sallyport::pki
