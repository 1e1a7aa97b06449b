#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// Ownership of OpenSSL objects. Nothing outside pki/ calls an OpenSSL *_free().
namespace sallyport::pki {

template <auto Free>
struct Releaser {  // an empty type: the owning pointer stays one word
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

namespace detail {  // OPENSSL_free and sk_*_pop_free are macros or need an argument
inline void free_buffer(void* memory) noexcept {
    OPENSSL_free(memory);
}
inline void free_certificates(STACK_OF(X509) * stack) noexcept {
    sk_X509_pop_free(stack, X509_free);
}
}  // namespace detail

using BioPtr = std::unique_ptr<BIO, Releaser<&BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, Releaser<&BN_clear_free>>;
using BufferPtr = std::unique_ptr<unsigned char, Releaser<&detail::free_buffer>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Releaser<&EVP_MD_CTX_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Releaser<&EVP_PKEY_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Releaser<&EVP_PKEY_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, Releaser<&PKCS7_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, Releaser<&SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Releaser<&SSL_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Releaser<&X509_STORE_CTX_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Releaser<&X509_STORE_free>>;
using CertificatePtr = std::unique_ptr<X509, Releaser<&X509_free>>;
using CertificateStackPtr = std::unique_ptr<STACK_OF(X509), Releaser<&detail::free_certificates>>;
using CrlPtr = std::unique_ptr<X509_CRL, Releaser<&X509_CRL_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Releaser<&X509_EXTENSION_free>>;
using NamePtr = std::unique_ptr<X509_NAME, Releaser<&X509_NAME_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Releaser<&X509_REQ_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, Releaser<&X509_REVOKED_free>>;
using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Releaser<&ASN1_INTEGER_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Releaser<&ASN1_TIME_free>>;

/// Drains this thread's OpenSSL error queue into "<doing>: <reason>; <reason>". Call it directly after
/// the failed call and before any co_await: the queue belongs to the thread, and a coroutine may resume
/// on another one.
std::string take_openssl_errors(std::string_view doing);

}  // namespace sallyport::pki
