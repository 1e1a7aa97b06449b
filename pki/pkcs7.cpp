#include "pki/pkcs7.h"

#include <algorithm>
#include <optional>

#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

constexpr std::string_view whitespace = "\r\n\t ";

Error refused(std::string_view why) {
    return {Fault::input, "certificate bundle: " + std::string(why)};
}

struct Armored {
    std::string_view label;
    std::string der;
};

/// Takes `text` as exactly one PEM block (RFC 7468 strict grammar, white space around it allowed). Not
/// PEM_read_bio: that passes over text before the block and over base64 after a '-'.
std::optional<Armored> read_single_block(std::string_view text) {
    constexpr std::string_view begin = "-----BEGIN ", dashes = "-----";
    text.remove_prefix(begin.size());
    const auto label_end = text.find(dashes);
    if (label_end == text.npos) return std::nullopt;
    const std::string_view label = text.substr(0, label_end);
    text.remove_prefix(label_end + dashes.size());
    if (!text.starts_with('\n') && !text.starts_with("\r\n")) return std::nullopt;

    std::string end = "\n-----END ";
    end.append(label).append(dashes);
    const auto body_end = text.find(end);
    if (body_end == text.npos) return std::nullopt;
    if (text.find_first_not_of(whitespace, body_end + end.size()) != text.npos) return std::nullopt;

    std::string base64(text.substr(0, body_end));
    std::erase_if(base64, [](char c) { return c == '\r' || c == '\n'; });
    if (base64.empty() || base64.size() % 4 != 0) return std::nullopt;
    const auto* input = reinterpret_cast<const unsigned char*>(base64.data());
    const int length = static_cast<int>(base64.size());
    std::string der(base64.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der.data()), input, length) < 0) return std::nullopt;
    for (std::size_t padding = base64.ends_with("==")  ? 2
                               : base64.ends_with('=') ? 1
                                                       : 0;
         padding > 0; --padding) {
        der.pop_back();
    }
    // EVP_DecodeBlock trims blanks and takes '=' and spare bits anywhere: only the one canonical text may
    // pass.
    std::string canonical(base64.size() + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(canonical.data()),
                    reinterpret_cast<const unsigned char*>(der.data()), static_cast<int>(der.size()));
    canonical.pop_back();
    if (canonical != base64) return std::nullopt;
    return Armored{label, std::move(der)};
}

/// Encodes with an i2d function; empty when it fails.
template <auto Encode, class T>
std::string der_of(const T* object) {
    unsigned char* data = nullptr;
    const int size = Encode(object, &data);
    const BufferPtr owned(data);
    return size > 0 ? std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size))
                    : std::string();
}

/// Decodes with a d2i function and insists on DER without trailing bytes: encoding it again must give `der`.
template <class Pointer, auto Decode, auto Encode>
Pointer decode_exactly(std::string_view der) {
    const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
    Pointer object(Decode(nullptr, &cursor, static_cast<long>(der.size())));
    if (object && der_of<Encode>(object.get()) != der) object.reset();
    return object;
}

constexpr auto decode_certificate = &decode_exactly<CertificatePtr, &d2i_X509, &i2d_X509>;
constexpr auto decode_pkcs7 = &decode_exactly<Pkcs7Ptr, &d2i_PKCS7, &i2d_PKCS7>;

Result<std::vector<CertificatePtr>> certificates_of(const PKCS7& message) {
    if (OBJ_obj2nid(message.type) != NID_pkcs7_signed || message.d.sign == nullptr) {
        return refused("PKCS#7 of another type than SignedData");
    }
    const PKCS7_SIGNED& signed_data = *message.d.sign;
    if (sk_PKCS7_SIGNER_INFO_num(signed_data.signer_info) > 0)
        return refused("the PKCS#7 is signed; write it without signers");
    if (sk_X509_CRL_num(signed_data.crl) > 0)
        return refused("the PKCS#7 holds a CRL; write it with crl2pkcs7 -nocrl");
    const PKCS7* content = signed_data.contents;
    if (content == nullptr || OBJ_obj2nid(content->type) != NID_pkcs7_data || content->d.data != nullptr) {
        return refused("the PKCS#7 holds content besides certificates");
    }
    const int count = sk_X509_num(signed_data.cert);
    if (count <= 0) return refused("the PKCS#7 holds no certificate");
    if (static_cast<std::size_t>(count) > max_bundle_certificates) {
        return refused(std::to_string(count) + " certificates; a device takes at most " +
                       std::to_string(max_bundle_certificates));
    }
    std::vector<CertificatePtr> certificates;
    for (int i = 0; i < count; ++i) {
        X509* certificate = sk_X509_value(signed_data.cert, i);
        X509_up_ref(certificate);
        certificates.emplace_back(certificate);
    }
    return certificates;
}

std::vector<CertificatePtr> single(CertificatePtr certificate) {
    std::vector<CertificatePtr> certificates;
    certificates.push_back(std::move(certificate));
    return certificates;
}

Result<std::string> armored(const std::string& der, const char* label) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    if (!bio || PEM_write_bio(bio.get(), label, "", data, static_cast<long>(der.size())) <= 0) {
        return Error{Fault::runtime, take_openssl_errors("certificate bundle: cannot write PEM")};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
}

/// Degenerate SignedData: version 1, no digests, no signers, absent content (RFC 2315 9.1).
Result<std::string> signed_data_of(std::span<X509* const> certificates) {
    const Pkcs7Ptr message(PKCS7_new());
    bool built = message && PKCS7_set_type(message.get(), NID_pkcs7_signed) == 1 &&
                 PKCS7_content_new(message.get(), NID_pkcs7_data) == 1;
    if (built) PKCS7_set_detached(message.get(), 1);
    for (X509* certificate : certificates)
        built = built && PKCS7_add_certificate(message.get(), certificate) == 1;
    std::string der = built ? der_of<&i2d_PKCS7>(message.get()) : std::string();
    if (der.empty())
        return Error{Fault::runtime, take_openssl_errors("certificate bundle: cannot write PKCS#7")};
    return der;
}

}  // namespace

Result<std::vector<CertificatePtr>> read_certificate_bundle(std::string_view bytes) {
    if (bytes.empty()) return std::vector<CertificatePtr>{};
    if (bytes.size() > max_bundle_bytes) {
        return refused("larger than " + std::to_string(max_bundle_bytes) + " bytes");
    }
    const auto first = bytes.find_first_not_of(whitespace);
    if (first != bytes.npos && bytes.substr(first).starts_with("-----BEGIN ")) {
        const auto block = read_single_block(bytes.substr(first));
        if (!block) return refused("not exactly one whole PEM block; several certificates need PKCS#7");
        if (block->label == PEM_STRING_X509) {
            if (auto certificate = decode_certificate(block->der)) return single(std::move(certificate));
            return refused(take_openssl_errors("malformed certificate"));
        }
        if (block->label == PEM_STRING_PKCS7) {
            if (const auto message = decode_pkcs7(block->der)) return certificates_of(*message);
            return refused(take_openssl_errors("malformed PKCS#7"));
        }
        return refused("a PEM block that is neither CERTIFICATE nor PKCS7");
    }
    if (auto certificate = decode_certificate(bytes)) return single(std::move(certificate));
    take_openssl_errors("");  // the first guess failed; only the second one's reason is of use
    if (const auto message = decode_pkcs7(bytes)) return certificates_of(*message);
    return refused(take_openssl_errors("neither a certificate nor PKCS#7, PEM or DER"));
}

Result<std::string> write_certificate_bundle(std::span<X509* const> certificates, BundleForm form) {
    if (certificates.size() > max_bundle_certificates) {
        return refused(std::to_string(certificates.size()) + " certificates; a device takes at most " +
                       std::to_string(max_bundle_certificates));
    }
    if (certificates.empty()) return std::string();
    const bool one = certificates.size() == 1;
    auto der =
        one ? Result<std::string>(der_of<&i2d_X509>(certificates.front())) : signed_data_of(certificates);
    if (!der) return der.error();
    if (der->empty()) return Error{Fault::runtime, take_openssl_errors("certificate bundle: cannot encode")};
    auto bytes = form == BundleForm::pem ? armored(*der, one ? PEM_STRING_X509 : PEM_STRING_PKCS7) : der;
    if (bytes && bytes->size() > max_bundle_bytes) {
        return refused("larger than " + std::to_string(max_bundle_bytes) + " bytes");
    }
    return bytes;
}

}  // namespace sallyport::pki
