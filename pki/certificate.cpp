#include "pki/certificate.h"

#include "pki/pem.h"
#include "pki/time.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <optional>

#include <arpa/inet.h>
#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

/// UTF-8 of a directory string or IA5String; false when it has none or when it holds a NUL.
bool decode(const ASN1_STRING* text, std::string& out) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, text);
    const BufferPtr owned(utf8);
    if (size < 0) {
        take_openssl_errors("");
        return false;
    }
    out.assign(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
    return out.find('\0') == std::string::npos;
}

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<&GENERAL_NAMES_free>>;

/// Null when absent (`critical` is then -1) or malformed.
GeneralNamesPtr subject_alternatives(const X509& certificate, int* critical) {
    return GeneralNamesPtr(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, critical, nullptr)));
}

std::optional<std::chrono::sys_seconds> to_time(const ASN1_TIME* time) {
    std::tm broken{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &broken) != 1) return std::nullopt;
    return instant_of(broken);
}

}  // namespace

Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem, std::string_view origin) {
    const auto blocks = read_pem_blocks(pem);
    if (!blocks) return Error{Fault::input, std::string(origin) + ": not whole PEM certificates"};
    std::vector<CertificatePtr> certificates;
    for (const PemBlock& block : *blocks) {
        if (block.label != PEM_STRING_X509) {
            return Error{Fault::input,
                         std::string(origin) + ": a PEM block that is no certificate: " + block.label};
        }
        const auto* begin = reinterpret_cast<const unsigned char*>(block.der.data());
        const unsigned char* cursor = begin;
        CertificatePtr certificate(d2i_X509(nullptr, &cursor, static_cast<long>(block.der.size())));
        if (!certificate || cursor != begin + block.der.size()) {
            return Error{Fault::input, take_openssl_errors(std::string(origin) + ": malformed certificate")};
        }
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

Result<KeyPtr> parse_private_key(std::string_view pem, std::string_view origin) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // Without this OpenSSL would ask for a passphrase on the terminal.
    const auto no_passphrase = [](char*, int, int, void*) { return -1; };
    KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
    if (!key) {
        return Error{Fault::input,
                     take_openssl_errors(std::string(origin) + ": not an unencrypted PEM private key")};
    }
    return key;
}

CertificateNames certificate_names(const X509& certificate) {
    int critical = 0;
    const auto alternatives = subject_alternatives(certificate, &critical);
    CertificateNames names = read_names(*X509_get_subject_name(&certificate), alternatives.get());
    // -1: absent; else malformed or repeated
    if (!alternatives && critical != -1) names.undecodable = true;
    if (!alternatives) take_openssl_errors("");
    return names;
}

CertificateNames read_names(const X509_NAME& subject, const GENERAL_NAMES* alternatives) {
    CertificateNames names;
    for (int at = X509_NAME_get_index_by_NID(&subject, NID_commonName, -1); at >= 0;
         at = X509_NAME_get_index_by_NID(&subject, NID_commonName, at)) {
        std::string text;
        if (!decode(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(&subject, at)), text))
            names.undecodable = true;
        names.common_names.push_back(std::move(text));
    }

    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {  // -1 of a null
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
        if (name->type != GEN_URI) continue;
        std::string text;
        if (!decode(name->d.uniformResourceIdentifier, text)) names.undecodable = true;
        names.san_uris.push_back(std::move(text));
    }
    return names;
}

std::vector<std::string> certificate_dns_names(const X509& certificate) {
    std::vector<std::string> names;
    const auto alternatives = subject_alternatives(certificate, nullptr);
    for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
        std::string text;
        if (name->type != GEN_DNS || !decode(name->d.dNSName, text)) continue;
        std::ranges::transform(text, text.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        names.push_back(std::move(text));
    }
    return names;
}

std::vector<std::string> server_names(const X509& certificate) {
    std::vector<std::string> names = certificate_dns_names(certificate);
    std::erase_if(names, [](const std::string& name) { return name.find('*') != std::string::npos; });
    const auto alternatives = subject_alternatives(certificate, nullptr);
    for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (name->type != GEN_IPADD) continue;
        const int size = ASN1_STRING_length(name->d.iPAddress);
        char address[INET6_ADDRSTRLEN];
        const unsigned char* octets = ASN1_STRING_get0_data(name->d.iPAddress);
        if (size == 4 && inet_ntop(AF_INET, octets, address, sizeof address) != nullptr) {
            names.emplace_back(address);
        } else if (size == 16 && inet_ntop(AF_INET6, octets, address, sizeof address) != nullptr) {
            names.push_back("[" + std::string(address) + "]");
        }
    }
    return names;
}

std::string serial_octets(const X509& certificate) {
    const ASN1_INTEGER* serial = X509_get0_serialNumber(&certificate);
    unsigned char* encoded = nullptr;
    const int size = i2d_ASN1_INTEGER(serial, &encoded);
    const BufferPtr owned(encoded);
    if (size <= 0) return {};
    DerReader reader(Bytes(encoded, static_cast<std::size_t>(size)));
    const auto element = reader.next(Tag::integer);
    if (!element) return {};
    const Bytes octets = minimal_integer(element->content);
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

Result<Validity> validity(const X509& certificate) {
    const auto not_before = to_time(X509_get0_notBefore(&certificate));
    const auto not_after = to_time(X509_get0_notAfter(&certificate));
    if (!not_before || !not_after) return Error{Fault::input, "a certificate's validity is not a date"};
    return Validity{*not_before, *not_after};
}

std::string name_text(const X509_NAME& name) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || X509_NAME_print_ex(bio.get(), &name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
        return "?";
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    // A stranger's certificate may carry kilobytes of names into each line of a log.
    constexpr std::size_t enough = 256;
    const std::string_view text(data, static_cast<std::size_t>(size));
    if (text.size() <= enough) return std::string(text);
    std::size_t end = enough;  // not within a character: what follows its first octet is 10xxxxxx
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return std::string(text.substr(0, end)) + "...";
}

std::string hex(Bytes bytes) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::string hex(std::string_view bytes) {
    return hex(Bytes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::string decimal(Bytes octets) {
    const BignumPtr number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
    char* text = number ? BN_bn2dec(number.get()) : nullptr;
    const BufferPtr owned(reinterpret_cast<unsigned char*>(text));
    return text != nullptr ? text : "?";
}

}  // namespace sallyport::pki
