#include "pki/openssl.h"
#include "pki/server_name.h"
#include "tests/fuzz/check.h"

#include <string>

#include <openssl/bio.h>

namespace pki = sallyport::pki;
using sallyport::fuzz::check;

namespace {

std::string with_length(std::string_view content, unsigned octets) {
    std::string text;
    for (unsigned i = octets; i-- > 0;)
        text += static_cast<char>(content.size() >> (8 * i));
    return text + std::string(content);
}

/// A ClientHello whose server_name extension has this content, in one record.
std::string hello_with(std::string_view content) {
    std::string body("\x03\x03", 2);
    body += std::string(32, 'r');                             // random
    body += with_length("", 1);                               // no session
    body += with_length(std::string_view("\xC0\x2F", 2), 2);  // ECDHE-RSA-AES128-GCM-SHA256
    body += with_length(std::string_view("\0", 1), 1);        // no compression
    body += with_length(std::string("\0\0", 2) + with_length(content, 2), 2);
    return std::string("\x16\x03\x01", 3) + with_length("\x01" + with_length(body, 3), 2);
}

std::string ours;  // what our reader saw in the hello

int read_hello(SSL* connection, int*, void*) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &data, &size) == 1)
        ours = pki::host_name_in({reinterpret_cast<const char*>(data), size});
    return SSL_CLIENT_HELLO_SUCCESS;
}

int compare(SSL* connection, int*, void*) {
    const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    check(ours == (name == nullptr ? "" : name), "OpenSSL reads the same name");
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* context() {
    static const pki::SslCtxPtr made = [] {
        pki::SslCtxPtr fresh(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_set_client_hello_cb(fresh.get(), read_hello, nullptr);
        SSL_CTX_set_tlsext_servername_callback(fresh.get(), compare);
        return fresh;
    }();
    return made.get();
}

}  // namespace

/// The content of a server_name extension: the name by which we choose a listener is the one that OpenSSL
/// sees.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 1000) return 0;
    const std::string_view content(reinterpret_cast<const char*>(data), size);
    const std::string hello = hello_with(content);
    const pki::SslPtr connection(SSL_new(context()));
    BIO* in = BIO_new_mem_buf(hello.data(), static_cast<int>(hello.size()));
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(connection.get(), in, out);
    SSL_set_accept_state(connection.get());
    ours.clear();
    SSL_do_handshake(connection.get());
    pki::take_openssl_errors("");

    const std::string_view name = pki::host_name_in(content);
    check(pki::fit_of("*.example.test", name) != pki::NameFit::exact, "a wildcard is no exact name");
    check(name.empty() || pki::fit_of(pki::lower_case(name), name) != pki::NameFit::none ||
              name.starts_with("*."),
          "a name suits itself");
    return 0;
}
