#include "pki/crl_writer.h"

#include "pki/der_writer.h"
#include "pki/key.h"

#include <span>

#include <openssl/evp.h>

namespace sallyport::pki {
namespace {

using namespace std::string_view_literals;

// Object identifiers and AlgorithmIdentifiers as whole elements.
constexpr auto reason_code = "\x06\x03\x55\x1D\x15"sv;
constexpr auto invalidity_date = "\x06\x03\x55\x1D\x18"sv;
constexpr auto authority_key_identifier = "\x06\x03\x55\x1D\x23"sv;
constexpr auto crl_number = "\x06\x03\x55\x1D\x14"sv;
constexpr auto delta_crl_indicator = "\x06\x03\x55\x1D\x1B"sv;
constexpr auto issuing_distribution_point = "\x06\x03\x55\x1D\x1C"sv;
constexpr auto freshest_crl = "\x06\x03\x55\x1D\x2E"sv;
constexpr auto sha256_with_rsa = "\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B\x05\x00"sv;
constexpr auto ecdsa_with_sha256 = "\x30\x0A\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x02"sv;
constexpr auto critical = "\x01\x01\xFF"sv;
constexpr Tag context_6_primitive{0x86};

std::string element(Tag tag, std::string_view content) {
    std::string out;
    append_element(out, tag, content);
    return out;
}

/// An Extension (RFC 5280 4.1) around the DER of its value.
std::string extension(std::string_view oid, std::string_view value, std::string_view flag = {}) {
    return element(Tag::sequence, std::string(oid).append(flag).append(element(Tag::octet_string, value)));
}

/// A DistributionPointName with one URL as its full name.
std::string point_name(std::string_view url) {
    const std::string full_name = element(Tag::context_0, element(context_6_primitive, url));
    return element(Tag::context_0, full_name);
}

std::string extensions(const CrlProfile& profile, std::string_view key_id) {
    std::string number;
    append_integer(number, profile.number);
    std::string all = extension(authority_key_identifier,
                                element(Tag::sequence, element(Tag::context_0_primitive, key_id)));
    all += extension(crl_number, number);
    if (profile.base_number) {
        std::string base;
        append_integer(base, *profile.base_number);
        all += extension(delta_crl_indicator, base, critical);
    }
    if (!profile.point_url.empty()) {
        all += extension(issuing_distribution_point, element(Tag::sequence, point_name(profile.point_url)),
                         critical);
    }
    if (!profile.delta_url.empty()) {
        const std::string point = element(Tag::sequence, point_name(profile.delta_url));
        all += extension(freshest_crl, element(Tag::sequence, point));
    }
    return element(Tag::context_0, element(Tag::sequence, all));
}

Result<std::string_view> algorithm_of(const EVP_PKEY& key) {
    if (EVP_PKEY_get_base_id(&key) == EVP_PKEY_RSA) return sha256_with_rsa;
    if (EVP_PKEY_get_base_id(&key) == EVP_PKEY_EC) return ecdsa_with_sha256;
    return Error{Fault::input, "an authority's key is RSA or EC; this one is neither"};
}

Result<std::string> sign_parts(std::span<const std::string_view> parts, EVP_PKEY& key) {
    const DigestContextPtr context(EVP_MD_CTX_new());
    bool done = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, &key) == 1;
    for (const std::string_view part : parts)
        done = done && EVP_DigestSignUpdate(context.get(), part.data(), part.size()) == 1;
    std::size_t size = 0;
    done = done && EVP_DigestSignFinal(context.get(), nullptr, &size) == 1;
    std::string signature(size, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(signature.data());
    done = done && EVP_DigestSignFinal(context.get(), out, &size) == 1;
    if (!done) return Error{Fault::runtime, take_openssl_errors("cannot sign a CRL")};
    signature.resize(size);
    return signature;
}

Result<std::string> subject_of(const X509& certificate) {
    unsigned char* data = nullptr;
    const int size = i2d_X509_NAME(X509_get_subject_name(&certificate), &data);
    const BufferPtr owned(data);
    if (size <= 0) return Error{Fault::runtime, take_openssl_errors("cannot encode an issuer's name")};
    return std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
}

Result<void> check(const CrlProfile& profile, const Signer& signer) {
    if (!key_matches(*signer.key, *signer.certificate)) {
        return Error{Fault::input, "the authority's private key does not belong to its certificate"};
    }
    if (profile.next_update <= profile.this_update) {
        return Error{Fault::input, "the CRL's nextUpdate would not be after its thisUpdate"};
    }
    if (X509_get0_subject_key_id(signer.certificate) == nullptr) {
        return Error{Fault::input, "the authority's certificate has no subject key identifier"};
    }
    return {};
}

}  // namespace

bool is_listable_serial(std::string_view octets) noexcept {
    constexpr std::size_t most_octets = 64;
    if (octets.empty() || octets.size() > most_octets) return false;
    if (octets.size() == 1) return true;
    const bool second_is_high = (octets[1] & 0x80) != 0;
    return !(octets[0] == '\0' && !second_is_high) && !(octets[0] == '\xFF' && second_is_high);
}

Result<void> CrlWriter::add(const RevokedCertificate& entry) {
    if (!is_listable_serial(entry.serial)) {
        return Error{Fault::input, "a CRL cannot list serial '" + hex(entry.serial) + "'"};
    }
    std::string content;
    append_element(content, Tag::integer, entry.serial);
    append_time(content, entry.revoked_at);
    std::string extensions;
    if (entry.reason != CrlReason::unspecified && entry.reason != CrlReason::none) {
        const char code = static_cast<char>(entry.reason);
        extensions += extension(reason_code, element(Tag::enumerated, std::string_view(&code, 1)));
    }
    if (entry.invalid_since) {
        std::string date;
        append_generalized_time(date, *entry.invalid_since);
        extensions += extension(invalidity_date, date);
    }
    if (!extensions.empty()) append_element(content, Tag::sequence, extensions);
    append_element(entries_, Tag::sequence, content);
    ++size_;
    return {};
}

Result<std::string> CrlWriter::sign(const CrlProfile& profile, const Signer& signer) && {
    if (const auto checked = check(profile, signer); !checked) return checked.error();
    const auto algorithm = algorithm_of(*signer.key);
    if (!algorithm) return algorithm.error();
    const auto issuer = subject_of(*signer.certificate);
    if (!issuer) return issuer.error();
    const ASN1_OCTET_STRING* const id = X509_get0_subject_key_id(signer.certificate);
    const std::string_view key_id(reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
                                  static_cast<std::size_t>(ASN1_STRING_length(id)));

    std::string fields;
    append_integer(fields, 1);  // version 2
    fields += *algorithm;
    fields += *issuer;
    append_time(fields, profile.this_update);
    append_time(fields, profile.next_update);
    // "If there are no revoked certificates, the revoked certificates list MUST be absent" (5.1.2.6).
    if (size_ > 0) append_header(fields, Tag::sequence, entries_.size());
    const std::string tail = extensions(profile, key_id);
    std::string tbs_header;
    append_header(tbs_header, Tag::sequence, fields.size() + entries_.size() + tail.size());

    // Signed in parts, so that a list of millions stands in memory once here and once in the result.
    const std::string_view tbs[] = {tbs_header, fields, entries_, tail};
    const auto signature = sign_parts(tbs, *signer.key);
    if (!signature) return signature.error();
    const std::string bits = element(Tag::bit_string, std::string(1, '\0') + *signature);
    const std::size_t tbs_size = tbs_header.size() + fields.size() + entries_.size() + tail.size();
    std::string der;
    der.reserve(tbs_size + algorithm->size() + bits.size() + 8);
    append_header(der, Tag::sequence, tbs_size + algorithm->size() + bits.size());
    for (const std::string_view part : tbs)
        der += part;
    entries_ = std::string();
    size_ = 0;
    return std::move(der.append(*algorithm).append(bits));
}

std::string write_crl_pem(std::string_view der) {
    constexpr std::size_t octets_of_line = 48, characters_of_line = 64;  // RFC 7468 2
    constexpr std::string_view begin = "-----BEGIN X509 CRL-----\n", end = "-----END X509 CRL-----\n";
    std::string pem;
    pem.reserve(begin.size() + end.size() + (der.size() / octets_of_line + 1) * (characters_of_line + 1));
    pem = begin;
    while (!der.empty()) {
        const std::string_view line = der.substr(0, octets_of_line);
        unsigned char text[characters_of_line + 1];
        const int size = EVP_EncodeBlock(text, reinterpret_cast<const unsigned char*>(line.data()),
                                         static_cast<int>(line.size()));
        pem.append(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)) += '\n';
        der.remove_prefix(line.size());
    }
    return pem.append(end);
}

}  // namespace sallyport::pki
