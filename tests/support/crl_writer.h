#pragma once

#include "pki/openssl.h"
#include "tests/support/der_writer.h"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace sallyport::test {

/// AlgorithmIdentifier of ecdsa-with-SHA2 (RFC 5758 3.2): 1 is SHA-224, 2 SHA-256, 3 SHA-384, 4 SHA-512.
inline std::string ecdsa_with_sha2(unsigned digest) {
    return sequence({tlv(0x06, octets({0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, digest}))});
}
inline std::string ecdsa_with_sha1() {
    return sequence({tlv(0x06, octets({0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01}))});
}
/// AlgorithmIdentifier of PKCS#1 1.5 signatures (RFC 4055 5): 4 is MD5, 5 SHA-1, 11 SHA-256.
inline std::string rsa_with(unsigned digest) {
    return sequence(
        {tlv(0x06, octets({0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, digest})), tlv(5, "")});
}

inline std::string extension(std::string_view id, bool critical, std::string_view value) {
    return sequence({id, critical ? boolean(true) : "", octet_string(value)});
}
inline std::string crl_number(std::string_view octets_of_number) {
    return extension(id_ce(20), false, integer(octets_of_number));
}
inline std::string authority_key_id(std::string_view identifier) {
    return extension(id_ce(35), false, sequence({tlv(0x80, identifier)}));
}
/// IssuingDistributionPoint (RFC 5280 5.2.5) with these fields.
inline std::string issuing_distribution_point(std::string_view fields) {
    return extension(id_ce(28), true, sequence({fields}));
}

/// Delta CRL indicator (RFC 5280 5.2.4) with the number of its base.
inline std::string delta_indicator(std::string_view octets_of_number) {
    return extension(id_ce(27), true, integer(octets_of_number));
}
/// The field of an issuing distribution point that has these GeneralNames.
inline std::string distribution_point_name(std::string_view general_names) {
    return tlv(0xA0, tlv(0xA0, general_names));
}

inline std::string time_text(std::chrono::sys_seconds at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(at - day);
    char text[32];
    std::snprintf(text, sizeof text, "%04d%02u%02u%02d%02d%02dZ", int(date.year()), unsigned(date.month()),
                  unsigned(date.day()), int(clock.hours().count()), int(clock.minutes().count()),
                  int(clock.seconds().count()));
    return text;
}

/// revokedCertificates entry; `extensions` are its crlEntryExtensions.
inline std::string crl_entry(std::string_view serial,
                             std::initializer_list<std::string_view> extensions = {}) {
    const std::string list = joined(extensions);
    return sequence({integer(serial), utc_time("260101000000Z"), list.empty() ? "" : tlv(0x30, list)});
}
inline std::string reason_code(unsigned reason) {
    return extension(id_ce(21), false, enumerated(reason));
}

inline std::string invalidity_date(std::string_view generalized) {
    return extension(id_ce(24), false, generalized_time(generalized));
}

/// A CertificateList in the making. Each member is a whole encoding, so that a test can spoil exactly one.
struct CrlDraft {
    std::string version = integer("\x01");
    std::string algorithm = ecdsa_with_sha2(2);
    std::string outer_algorithm = {};  ///< the same when empty
    std::string issuer =
        sequence({tlv(0x31, sequence({tlv(0x06, octets({0x55, 0x04, 0x03})), tlv(0x0C, "Test CA")}))});
    std::string this_update = utc_time("260101000000Z");
    std::string next_update = utc_time("260201000000Z");
    std::vector<std::string> entries = {};
    std::vector<std::string> extensions = {crl_number("\x05")};
    std::string more_fields = {};  ///< at the end of the tBSCertList

    std::string tbs() const {
        std::string revoked;
        for (const std::string& entry : entries)
            revoked += entry;
        std::string list;
        for (const std::string& one : extensions)
            list += one;
        return sequence({version, algorithm, issuer, this_update, next_update,
                         entries.empty() ? "" : tlv(0x30, revoked),
                         extensions.empty() ? "" : tlv(0xA0, tlv(0x30, list)), more_fields});
    }

    /// With a signature that nobody made.
    std::string unsigned_der() const { return enclose("no signature"); }

    std::string signed_by(EVP_PKEY& key, const EVP_MD* digest = EVP_sha256()) const {
        const std::string signed_bytes = tbs();
        const pki::DigestContextPtr context(EVP_MD_CTX_new());
        std::string signature(512, '\0');
        std::size_t size = signature.size();
        if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, &key) != 1 ||
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(signed_bytes.data()),
                           signed_bytes.size()) != 1) {
            throw std::runtime_error(pki::take_openssl_errors("cannot sign a CRL"));
        }
        signature.resize(size);
        return enclose(signature);
    }

  private:
    std::string enclose(std::string_view signature) const {
        return sequence(
            {tbs(), outer_algorithm.empty() ? algorithm : outer_algorithm, bit_string(signature)});
    }
};

}  // namespace sallyport::test
