#include "pki/issue.h"

#include "pki/key.h"
#include "pki/time.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

namespace sallyport::pki {
namespace {

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<&GENERAL_NAMES_free>>;
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, Releaser<&GENERAL_NAME_free>>;
using DistributionPointPtr = std::unique_ptr<DIST_POINT, Releaser<&DIST_POINT_free>>;
using DistributionPointsPtr = std::unique_ptr<CRL_DIST_POINTS, Releaser<&CRL_DIST_POINTS_free>>;
using Asn1StringPtr = std::unique_ptr<ASN1_STRING, Releaser<&ASN1_STRING_free>>;

Error failed(std::string_view doing) {
    return {Fault::runtime, take_openssl_errors(doing)};
}

/// The extensions that follow from a role, in the configuration language of x509v3_config(5). Only these
/// constants go through that language; values from outside are encoded as objects.
struct RoleExtensions {
    const char* basic_constraints;
    const char* key_usage;
    const char* extended_key_usage;  ///< null: none
};

RoleExtensions extensions_of(CertificateRole role, bool rsa) {
    constexpr const char* signs = "critical,keyCertSign,cRLSign";
    switch (role) {
        case CertificateRole::root_authority:
            return {"critical,CA:TRUE,pathlen:1", signs, nullptr};
        case CertificateRole::device_authority:
        case CertificateRole::operator_authority:
            return {"critical,CA:TRUE,pathlen:0", signs, "clientAuth"};
        case CertificateRole::server_authority:
            return {"critical,CA:TRUE,pathlen:0", signs, "serverAuth"};
        case CertificateRole::server:
            // RFC 5480 3 forbids keyEncipherment with an EC key.
            return {"critical,CA:FALSE",
                    rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature",
                    "serverAuth"};
        case CertificateRole::device:
        case CertificateRole::operator_client:
            return {"critical,CA:FALSE", "critical,digitalSignature", "clientAuth"};
    }
    throw std::logic_error("unknown certificate role");
}

bool add_configured(X509& certificate, X509V3_CTX& context, int nid, const char* value) {
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

/// A serial of the form that RFC 5280 4.1.2.2 allows, or null.
Asn1IntegerPtr serial_number(std::string_view octets) {
    const bool positive = !octets.empty() && octets.size() <= 20 && (octets[0] & 0x80) == 0 &&
                          octets.find_first_not_of('\0') != octets.npos;
    if (!positive) return nullptr;
    const BignumPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(octets.data()),
                                     static_cast<int>(octets.size()), nullptr));
    return Asn1IntegerPtr(number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
}

bool add_to_name(X509_NAME* name, int nid, const std::string& value) {
    return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
}

GeneralNamePtr general_name(int type, int string_type, const std::string& value) {
    GeneralNamePtr name(GENERAL_NAME_new());
    Asn1StringPtr text(ASN1_STRING_type_new(string_type));
    if (!name || !text || ASN1_STRING_set(text.get(), value.data(), static_cast<int>(value.size())) != 1)
        return nullptr;
    GENERAL_NAME_set0_value(name.get(), type, text.release());
    return name;
}

bool append(GENERAL_NAMES& names, GeneralNamePtr name) {
    if (!name || sk_GENERAL_NAME_push(&names, name.get()) == 0) return false;
    static_cast<void>(name.release());  // the stack owns it now
    return true;
}

bool add_alternative_names(X509& certificate, const std::vector<AlternativeName>& alternatives) {
    const GeneralNamesPtr names(GENERAL_NAMES_new());
    bool built = names != nullptr;
    for (const AlternativeName& alternative : alternatives) {
        const auto& [type, value] = alternative;
        if (!built) break;
        switch (type) {
            case AlternativeName::Type::dns:
                built = append(*names, general_name(GEN_DNS, V_ASN1_IA5STRING, value));
                break;
            case AlternativeName::Type::ip:
                built = append(*names, general_name(GEN_IPADD, V_ASN1_OCTET_STRING, value));
                break;
            case AlternativeName::Type::uri:
                built = append(*names, general_name(GEN_URI, V_ASN1_IA5STRING, value));
                break;
        }
    }
    return built && X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

bool add_distribution_point(X509& certificate, const std::string& url) {
    const DistributionPointsPtr points(CRL_DIST_POINTS_new());
    DistributionPointPtr point(DIST_POINT_new());
    if (!points || !point) return false;
    point->distpoint = DIST_POINT_NAME_new();
    if (point->distpoint == nullptr) return false;
    point->distpoint->type = 0;  // fullName
    point->distpoint->name.fullname = GENERAL_NAMES_new();
    if (point->distpoint->name.fullname == nullptr ||
        !append(*point->distpoint->name.fullname, general_name(GEN_URI, V_ASN1_IA5STRING, url)) ||
        sk_DIST_POINT_push(points.get(), point.get()) == 0) {
        return false;
    }
    static_cast<void>(point.release());  // the stack owns it now
    return X509_add1_ext_i2d(&certificate, NID_crl_distribution_points, points.get(), 0, 0) == 1;
}

/// An alternative name or URL that would be encoded, but not as what the caller meant.
bool encodable(const CertificateProfile& profile) {
    const auto is_text = [](const std::string& text) {
        return !text.empty() &&
               text.find_first_not_of(
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%") ==
                   text.npos;
    };
    for (const auto& [type, value] : profile.alternative_names) {
        const bool valid =
            type == AlternativeName::Type::ip ? value.size() == 4 || value.size() == 16 : is_text(value);
        if (!valid) return false;
    }
    return profile.crl_url.empty() || is_text(profile.crl_url);
}

Result<void> check(const CertificateProfile& profile, const Signer* signer) {
    if ((signer == nullptr) != (profile.role == CertificateRole::root_authority)) {
        throw std::logic_error("only a root certificate has no signer");
    }
    if (!encodable(profile)) {
        return Error{Fault::input,
                     "a subject alternative name or CRL URL has a form that certificates cannot carry"};
    }
    if (profile.validity.not_after <= profile.validity.not_before) {
        return Error{Fault::input, "the certificate would expire before it becomes valid"};
    }
    if (signer == nullptr) return {};
    if (!key_matches(*signer->key, *signer->certificate)) {
        return Error{Fault::input, "the authority's private key does not belong to its certificate"};
    }
    const auto signers = validity(*signer->certificate);
    if (!signers) return signers.error();
    if (profile.validity.not_after > signers->not_after) {
        return Error{Fault::input, "the certificate would outlive its issuer, which expires at " +
                                       rfc3339(signers->not_after)};
    }
    return {};
}

bool fill(X509& certificate, const CertificateProfile& profile, EVP_PKEY& subject_key, X509& issuer) {
    const Asn1IntegerPtr serial = serial_number(profile.serial);
    const Asn1TimePtr not_before = asn1_time(profile.validity.not_before);
    const Asn1TimePtr not_after = asn1_time(profile.validity.not_after);
    X509_NAME* subject = X509_get_subject_name(&certificate);
    return serial && not_before && not_after && X509_set_version(&certificate, X509_VERSION_3) == 1 &&
           X509_set_serialNumber(&certificate, serial.get()) == 1 &&
           X509_set1_notBefore(&certificate, not_before.get()) == 1 &&
           X509_set1_notAfter(&certificate, not_after.get()) == 1 &&
           (profile.subject.organization.empty() ||
            add_to_name(subject, NID_organizationName, profile.subject.organization)) &&
           add_to_name(subject, NID_commonName, profile.subject.common_name) &&
           X509_set_issuer_name(&certificate, X509_get_subject_name(&issuer)) == 1 &&
           X509_set_pubkey(&certificate, &subject_key) == 1;
}

bool extend(X509& certificate, const CertificateProfile& profile, const EVP_PKEY& subject_key, X509& issuer) {
    const RoleExtensions extensions =
        extensions_of(profile.role, EVP_PKEY_get_base_id(&subject_key) == EVP_PKEY_RSA);
    X509V3_CTX context;
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    return add_configured(certificate, context, NID_basic_constraints, extensions.basic_constraints) &&
           add_configured(certificate, context, NID_key_usage, extensions.key_usage) &&
           (extensions.extended_key_usage == nullptr ||
            add_configured(certificate, context, NID_ext_key_usage, extensions.extended_key_usage)) &&
           add_configured(certificate, context, NID_subject_key_identifier, "hash") &&
           add_configured(certificate, context, NID_authority_key_identifier, "keyid:always") &&
           (profile.alternative_names.empty() ||
            add_alternative_names(certificate, profile.alternative_names)) &&
           (profile.crl_url.empty() || add_distribution_point(certificate, profile.crl_url));
}

std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<std::string> generate_serial() {
    unsigned char octets[17];
    if (RAND_bytes(octets, sizeof octets) != 1) return failed("no random numbers for a serial");
    // A first octet of 0x40 to 0x7F makes every serial positive and equally long, whatever the 16 others are.
    octets[0] = static_cast<unsigned char>((octets[0] & 0x3FU) | 0x40U);
    return std::string(reinterpret_cast<const char*>(octets), sizeof octets);
}

Result<CertificatePtr> issue_certificate(const CertificateProfile& profile, EVP_PKEY& subject_key,
                                         const Signer* signer) {
    if (const auto checked = check(profile, signer); !checked) return checked.error();
    CertificatePtr certificate(X509_new());
    if (!certificate) return failed("cannot make a certificate");
    X509& issuer = signer != nullptr ? *signer->certificate : *certificate;
    EVP_PKEY* key = signer != nullptr ? signer->key : &subject_key;
    if (!fill(*certificate, profile, subject_key, issuer)) {
        return Error{Fault::input,
                     take_openssl_errors("cannot make a certificate for " + profile.subject.common_name)};
    }
    if (!extend(*certificate, profile, subject_key, issuer))
        return failed("cannot make the certificate's extensions");
    if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) return failed("cannot sign a certificate");
    return certificate;
}

Result<std::string> write_certificates(std::span<X509* const> certificates) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio) return failed("cannot write certificates");
    for (X509* certificate : certificates) {
        if (PEM_write_bio_X509(bio.get(), certificate) != 1) return failed("cannot write certificates");
    }
    return text_of(bio.get());
}

}  // namespace sallyport::pki
