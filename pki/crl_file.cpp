#include "pki/crl_file.h"

#include "pki/openssl.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <openssl/evp.h>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_blocks = 1000;
constexpr std::string_view begin_marker = "-----BEGIN ";
constexpr std::string_view begin_line = "-----BEGIN X509 CRL-----";
constexpr std::string_view end_line = "-----END X509 CRL-----";

CrlError no_crl(std::string_view what) {
    return {CrlLoad::parse_error, std::string(what)};
}

using EncodeContextPtr = std::unique_ptr<EVP_ENCODE_CTX, Releaser<&EVP_ENCODE_CTX_free>>;

/// Decodes the Base64 at `[from, to)` of `text` into the bytes from `from` on; the number of bytes, or
/// nothing when it is damaged. What is written never overtakes what was read: four characters make three
/// bytes.
std::optional<std::size_t> decode_in_place(std::string& text, std::size_t from, std::size_t to) {
    const EncodeContextPtr context(EVP_ENCODE_CTX_new());
    if (!context) return std::nullopt;
    EVP_DecodeInit(context.get());
    unsigned char block[16 * 1024];
    unsigned char decoded[sizeof block];
    std::size_t written = from;
    const auto put = [&](int size) {
        std::memcpy(text.data() + written, decoded, static_cast<std::size_t>(size));
        written += static_cast<std::size_t>(size);
    };
    int size = 0;
    for (std::size_t at = from; at < to;) {
        const std::size_t count = std::min(sizeof block, to - at);
        std::memcpy(block, text.data() + at, count);
        at += count;
        // OpenSSL takes a hyphen for the end and passes over what follows, and white space as nothing.
        for (const char odd : {'-', ' ', '\t'}) {
            if (std::memchr(block, odd, count) != nullptr) return std::nullopt;
        }
        if (EVP_DecodeUpdate(context.get(), decoded, &size, block, static_cast<int>(count)) < 0)
            return std::nullopt;
        put(size);
    }
    if (EVP_DecodeFinal(context.get(), decoded, &size) != 1) return std::nullopt;
    put(size);
    return written - from;
}

bool at_line_start(const std::string& text, std::size_t at) {
    return at == 0 || text[at - 1] == '\n';
}

/// Is each line of a block's body, which begins behind the BEGIN line's last hyphen, one of text? What stands
/// above an empty line some readers take for a header (RFC 1421), and leave out.
bool has_no_empty_line(std::string_view body) {
    bool first = true;
    while (!body.empty()) {
        const auto end = body.find('\n');
        std::string_view line = body.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() != first || line.ends_with('\r')) return false;
        first = false;
        body.remove_prefix(end == body.npos ? body.size() : end + 1);
    }
    return true;
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
        if (!has_no_empty_line(std::string_view(text).substr(body, end - body)))
            return no_crl("malformed CRL: an empty line, or something beside a marker, in a PEM block");
        const auto size = decode_in_place(text, body, end);
        if (!size || *size == 0) return no_crl("malformed CRL: damaged Base64 in a PEM block");
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
