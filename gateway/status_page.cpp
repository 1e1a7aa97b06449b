#include "gateway/status_page.h"

#include "gateway/status_page_source.h"

#include <string_view>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace sallyport::gateway {
namespace {

void replace(std::string& text, std::string_view mark, std::string_view by) {
    text.replace(text.find(mark), mark.size(), by);
}

/// 'sha256-...' (CSP 3, 2.3.1). Of what stands in the page: the two cannot disagree.
std::string source_of(std::string_view text) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    unsigned char base64[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];
    const int size = EVP_EncodeBlock(base64, digest, sizeof digest);
    return "'sha256-" + std::string(reinterpret_cast<const char*>(base64), static_cast<std::size_t>(size)) +
           "'";
}

}  // namespace

StatusPage::StatusPage()
    : html_(status_page_html),
      policy_("default-src 'none'; connect-src 'self'; img-src data:; script-src " +
              source_of(status_page_script) + "; style-src " + source_of(status_page_style) +
              "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'") {
    replace(html_, "/*style*/", status_page_style);
    replace(html_, "/*script*/", status_page_script);
}

}  // namespace sallyport::gateway
