#include "pki/request.h"

#include "pki/certificate.h"
#include "pki/pem.h"

#include <memory>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace sallyport::pki {
namespace {

struct FreeStack {
    void operator()(STACK_OF(X509_EXTENSION) * stack) const noexcept { sk_X509_EXTENSION_free(stack); }
};

struct FreeExtensions {
    void operator()(STACK_OF(X509_EXTENSION) * stack) const noexcept {
        sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
    }
};
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<&GENERAL_NAMES_free>>;

bool is_strong(const EVP_PKEY& key) {
    if (EVP_PKEY_get_base_id(&key) == EVP_PKEY_RSA) {
        BIGNUM* number = nullptr;
        if (EVP_PKEY_get_bn_param(&key, OSSL_PKEY_PARAM_RSA_E, &number) != 1) return false;
        const BignumPtr exponent(number);
        const int bits = EVP_PKEY_get_bits(&key);
        return bits >= 2048 && bits <= 4096 && BN_is_odd(number) == 1 && BN_num_bits(number) > 16 &&
               BN_num_bits(number) <= 64;
    }
    char group[64];
    std::size_t size = 0;
    int by_numbers = 1;  // A curve that is not named has no place in a certificate (RFC 5480 2.1.1).
    return EVP_PKEY_get_base_id(&key) == EVP_PKEY_EC &&
           EVP_PKEY_get_int_param(&key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &by_numbers) == 1 &&
           by_numbers == 0 && EVP_PKEY_get_group_name(&key, group, sizeof group, &size) == 1 &&
           std::string_view(group, size) == "prime256v1";
}

bool is_signed_with_a_good_digest(const X509_REQ& request) {
    int digest = NID_undef;
    if (OBJ_find_sigid_algs(X509_REQ_get_signature_nid(&request), &digest, nullptr) != 1) return false;
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

/// The URIs that the request wants as subjectAltName; nothing when that extension is malformed.
NamesPtr wanted_alternatives(X509_REQ& request, bool& malformed) {
    const std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions> extensions(
        X509_REQ_get_extensions(&request));
    int critical = -1;
    NamesPtr names(extensions ? static_cast<GENERAL_NAMES*>(X509V3_get_d2i(
                                    extensions.get(), NID_subject_alt_name, &critical, nullptr))
                              : nullptr);
    malformed = !names && critical != -1;
    return names;
}

}  // namespace

Result<CertificationRequest> parse_certification_request(std::string_view pem, std::string_view origin) {
    const auto refuse = [&](std::string_view why) {
        take_openssl_errors("");
        return Error{Fault::input, std::string(origin) + ": " + std::string(why)};
    };
    const auto blocks = read_pem_blocks(pem);
    const bool one =
        blocks && blocks->size() == 1 &&
        (blocks->front().label == PEM_STRING_X509_REQ || blocks->front().label == PEM_STRING_X509_REQ_OLD);
    if (!one) return refuse("not one whole certification request (PKCS#10) in PEM");
    const std::string& der = blocks->front().der;
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* const end = at + der.size();
    const RequestPtr request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    if (!request || at != end) return refuse("not a certification request (PKCS#10)");
    KeyPtr key(X509_REQ_get_pubkey(request.get()));
    if (!key || !is_strong(*key))
        return refuse("its key is neither RSA with 2048 to 4096 bits nor P-256; make a new key");
    if (!is_signed_with_a_good_digest(*request)) return refuse("it is not signed with SHA-256 or better");
    if (X509_REQ_verify(request.get(), key.get()) != 1)
        return refuse("its signature does not fit its key: whoever made it has not shown the private key");
    bool malformed = false;
    const NamesPtr alternatives = wanted_alternatives(*request, malformed);
    CertificateNames names = read_names(*X509_REQ_get_subject_name(request.get()), alternatives.get());
    if (malformed || names.undecodable) return refuse("its names cannot be decoded");
    take_openssl_errors("");
    return CertificationRequest{std::move(key), std::move(names.common_names), std::move(names.san_uris)};
}

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
