#include "pki/request.h"

#include <memory>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace sallyport::pki {
namespace {

struct FreeStack {
    void operator()(STACK_OF(X509_EXTENSION) * stack) const noexcept { sk_X509_EXTENSION_free(stack); }
};

}  // namespace

Result<std::string> write_certification_request(EVP_PKEY& key, const std::string& common_name,
                                                const std::string& uri) {
    const RequestPtr request{X509_REQ_new()};
    const auto* const name = reinterpret_cast<const unsigned char*>(common_name.c_str());
    const ExtensionPtr names{
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("URI:" + uri).c_str())};
    const std::unique_ptr<STACK_OF(X509_EXTENSION), FreeStack> extensions{sk_X509_EXTENSION_new_null()};
    const BioPtr out{BIO_new(BIO_s_mem())};
    const bool made = request && names && extensions && out && X509_REQ_set_version(request.get(), 0) == 1 &&
                      X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                                                 MBSTRING_ASC, name, -1, -1, 0) == 1 &&
                      sk_X509_EXTENSION_push(extensions.get(), names.get()) > 0 &&
                      X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
                      X509_REQ_set_pubkey(request.get(), &key) == 1 &&
                      X509_REQ_sign(request.get(), &key, EVP_sha256()) > 0 &&
                      PEM_write_bio_X509_REQ(out.get(), request.get()) == 1;
    if (!made) return Error{Fault::runtime, take_openssl_errors("cannot make a request for a certificate")};
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace sallyport::pki
