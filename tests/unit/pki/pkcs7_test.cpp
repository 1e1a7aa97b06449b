#include "pki/pkcs7.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

CertificatePtr self_signed(const std::string& common_name, long serial) {
    static const KeyPtr key(EVP_EC_gen("P-256"));
    CertificatePtr certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    return certificate;
}

std::vector<CertificatePtr> certificates(std::size_t count) {
    std::vector<CertificatePtr> made;
    for (std::size_t i = 0; i < count; ++i)
        made.push_back(self_signed("ca " + std::to_string(i), long(i) + 1));
    return made;
}

std::vector<X509*> views(const std::vector<CertificatePtr>& owned) {
    std::vector<X509*> pointers;
    for (const CertificatePtr& certificate : owned)
        pointers.push_back(certificate.get());
    return pointers;
}

std::string bundle(std::size_t count, BundleForm form) {
    const auto owned = certificates(count);
    return write_certificate_bundle(views(owned), form).value();
}

/// A SignedData that `change` has spoilt.
template <class Change>
std::string spoilt(Change change) {
    const std::string der = bundle(2, BundleForm::der);
    const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
    const Pkcs7Ptr message(d2i_PKCS7(nullptr, &cursor, static_cast<long>(der.size())));
    change(message.get());
    unsigned char* data = nullptr;
    const int size = i2d_PKCS7(message.get(), &data);
    const BufferPtr owned(data);
    return std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
}

void add_crl(PKCS7* message) {
    const CrlPtr crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(self_signed("ca 0", 1).get()));
    const Asn1TimePtr now(ASN1_TIME_set(nullptr, 1'800'000'000));
    X509_CRL_set1_lastUpdate(crl.get(), now.get());
    const KeyPtr key(EVP_EC_gen("P-256"));
    X509_CRL_sign(crl.get(), key.get(), EVP_sha256());
    PKCS7_add_crl(message, crl.get());
}

void add_signer(PKCS7* message) {
    const CertificatePtr signer = self_signed("signer", 9);
    const KeyPtr key(EVP_EC_gen("P-256"));
    X509_set_pubkey(signer.get(), key.get());
    PKCS7_add_signature(message, signer.get(), key.get(), EVP_sha256());
}

std::string too_many() {
    return spoilt([](PKCS7* message) {
        for (long serial = 3; serial <= 11; ++serial) {
            PKCS7_add_certificate(message, self_signed("more " + std::to_string(serial), serial).get());
        }
    });
}

std::string ten() {
    return spoilt([](PKCS7* message) {
        for (long serial = 3; serial <= 10; ++serial) {
            PKCS7_add_certificate(message, self_signed("more " + std::to_string(serial), serial).get());
        }
    });
}

std::string without_certificates() {
    return spoilt([](PKCS7* message) {
        while (X509* last = sk_X509_pop(message->d.sign->cert))
            CertificatePtr{last};
    });
}

std::string with_content() {
    return spoilt([](PKCS7* message) {
        message->d.sign->contents->d.data = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(message->d.sign->contents->d.data, reinterpret_cast<const unsigned char*>("x"),
                              1);
    });
}

/// The same SignedData with an indefinite outer length: BER, not DER.
std::string indefinite_length() {
    const std::string der = bundle(2, BundleForm::der);
    return std::string("\x30\x80", 2) + der.substr(4) + std::string(2, '\0');
}

std::string relabelled(std::string pem, const std::string& from, const std::string& to) {
    for (auto at = pem.find(from); at != pem.npos; at = pem.find(from))
        pem.replace(at, from.size(), to);
    return pem;
}

std::string with_crlf(const std::string& pem) {
    std::string text;
    for (const char c : pem)
        text += c == '\n' ? std::string("\r\n") : std::string(1, c);
    return text;
}

std::string with_byte_after_dash(std::string pem) {
    pem.insert(pem.find("\n-----END"), "\n-rest-that-a-lax-reader-skips");
    return pem;
}

struct ReadCase {
    const char* name;
    std::string bytes;
    int expected;          ///< certificates, or -1: refused
    const char* why = "";  ///< part of the reason
};

std::vector<ReadCase> read_cases() {
    const std::string one_pem = bundle(1, BundleForm::pem), one_der = bundle(1, BundleForm::der);
    const std::string two_pem = bundle(2, BundleForm::pem), two_der = bundle(2, BundleForm::der);
    return {
        {"empty", "", 0},
        {"blank", "\n", -1, "neither"},
        {"one_pem", one_pem, 1},
        {"one_pem_crlf", with_crlf(one_pem), 1},
        {"one_pem_blank_lines_around", "\n" + one_pem + "\n\n", 1},
        {"one_pem_text_before", "subject=ca\n" + one_pem, -1, "neither"},
        {"one_pem_text_after", one_pem + "x", -1, "exactly one"},
        {"two_concatenated_pem", one_pem + one_pem, -1, "exactly one"},
        {"other_label", relabelled(one_pem, "CERTIFICATE", "X509 CRL"), -1, "PEM block that is neither"},
        {"cut_off_pem", one_pem.substr(0, one_pem.size() - 10), -1, "exactly one"},
        {"bytes_behind_a_dash", with_byte_after_dash(one_pem), -1, "exactly one"},
        {"one_der", one_der, 1},
        {"one_der_trailing_byte", one_der + '\n', -1, "neither"},
        {"one_der_cut_off", one_der.substr(0, one_der.size() - 1), -1, "neither"},
        {"two_concatenated_der", one_der + one_der, -1, "neither"},
        {"pkcs7_pem", two_pem, 2},
        {"pkcs7_pem_twice", two_pem + two_pem, -1, "exactly one"},
        {"pkcs7_labelled_as_certificate", relabelled(two_pem, "PKCS7", "CERTIFICATE"), -1,
         "malformed certificate"},
        {"pkcs7_der", two_der, 2},
        {"pkcs7_der_trailing_byte", two_der + '\0', -1, "neither"},
        {"pkcs7_ber", indefinite_length(), -1, "neither"},
        {"pkcs7_ten_certificates", ten(), 10},
        {"pkcs7_eleven_certificates", too_many(), -1, "11 certificates"},
        {"pkcs7_no_certificate", without_certificates(), -1, "no certificate"},
        {"pkcs7_with_crl", spoilt(add_crl), -1, "-nocrl"},
        {"pkcs7_signed", spoilt(add_signer), -1, "without signers"},
        {"pkcs7_with_content", with_content(), -1, "content"},
        {"garbage", "hello", -1, "neither"},
        {"too_large", std::string(max_bundle_bytes + 1, 'A'), -1, "larger than"},
    };
}

class ReadBundle : public testing::TestWithParam<ReadCase> {};

TEST_P(ReadBundle, takes_only_the_documented_forms) {
    const auto read = read_certificate_bundle(GetParam().bytes);
    if (GetParam().expected < 0) {
        ASSERT_FALSE(read) << "accepted " << read->size();
        EXPECT_EQ(read.error().fault, Fault::input);
        EXPECT_THAT(read.error().message, testing::HasSubstr(GetParam().why));
    } else {
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->size(), static_cast<std::size_t>(GetParam().expected));
    }
}

INSTANTIATE_TEST_SUITE_P(table, ReadBundle, testing::ValuesIn(read_cases()),
                         [](const auto& row) { return row.param.name; });

TEST(WriteBundle, keeps_certificates_and_their_order) {
    for (const BundleForm form : {BundleForm::pem, BundleForm::der}) {
        for (const std::size_t count : {0U, 1U, 2U, 10U}) {
            const auto owned = certificates(count);
            const auto written = write_certificate_bundle(views(owned), form);
            ASSERT_TRUE(written) << written.error().message;
            EXPECT_EQ(written->empty(), count == 0);
            const auto read = read_certificate_bundle(*written);
            ASSERT_TRUE(read) << read.error().message;
            ASSERT_EQ(read->size(), count);
            for (std::size_t i = 0; i < count; ++i)
                EXPECT_EQ(X509_cmp(owned[i].get(), (*read)[i].get()), 0) << i;
        }
    }
}

TEST(WriteBundle, refuses_more_than_a_device_takes) {
    const auto owned = certificates(11);
    EXPECT_FALSE(write_certificate_bundle(views(owned), BundleForm::pem));
}

TEST(WriteBundle, wraps_only_several_certificates) {
    EXPECT_TRUE(bundle(1, BundleForm::pem).starts_with("-----BEGIN CERTIFICATE-----\n"));
    EXPECT_TRUE(bundle(2, BundleForm::pem).starts_with("-----BEGIN PKCS7-----\n"));
}

}  // namespace
}  // namespace sallyport::pki
