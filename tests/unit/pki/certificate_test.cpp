#include "pki/certificate.h"

#include "pki/issue.h"
#include "pki/key.h"
#include "tests/support/certificates.h"
#include "tests/support/der_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

using test::bytes;
using test::octets;
using namespace std::chrono_literals;

const std::string& pem() {
    static const std::string text = [] {
        const CertificatePtr ca = test::authority("CA", test::key(0));
        X509* const one[] = {ca.get()};
        return write_certificates(one).value();
    }();
    return text;
}

std::string key_pem() {
    return write_private_key(test::key(0)).value();
}

struct PemCase {
    const char* name;
    std::string text;
    std::size_t count;  ///< 0: refused
};

std::vector<PemCase> certificate_cases() {
    return {
        {"one", pem(), 1},
        {"two", pem() + pem(), 2},
        {"text_around", "CN=CA\n" + pem() + "end\n", 1},
        {"empty", "", 0},
        {"text", "certificate", 0},
        {"last_one_cut", pem() + pem().substr(0, pem().size() - 12), 0},
        {"first_one_cut", pem().substr(0, pem().size() - 12) + pem(), 0},
        {"key_behind", pem() + key_pem(), 0},
        {"no_certificate_within", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", 0},
    };
}

class ParseCertificates : public testing::TestWithParam<PemCase> {};

TEST_P(ParseCertificates, passes_none_over) {
    const auto certificates = parse_certificates(GetParam().text, "ca.pem");
    ASSERT_EQ(certificates ? certificates->size() : 0, GetParam().count);
    if (!certificates) {
        EXPECT_EQ(certificates.error().fault, Fault::input);
        EXPECT_THAT(certificates.error().message, testing::StartsWith("ca.pem: "));
    }
}
INSTANTIATE_TEST_SUITE_P(table, ParseCertificates, testing::ValuesIn(certificate_cases()),
                         [](const auto& row) { return row.param.name; });

TEST(ParsePrivateKey, takes_one_that_is_not_encrypted) {
    EXPECT_TRUE(parse_private_key(key_pem(), "key.pem"));
    const auto refused = [](const std::string& text) {
        const auto key = parse_private_key(text, "key.pem");
        return !key && key.error().message.starts_with("key.pem: ") &&
               key.error().message.find("MIG") == std::string::npos;
    };
    EXPECT_TRUE(refused(""));
    EXPECT_TRUE(refused(pem()));
    EXPECT_TRUE(refused(key_pem().substr(0, 60)));
    const BioPtr bio(BIO_new(BIO_s_mem()));
    char passphrase[] = "secret";
    PEM_write_bio_PKCS8PrivateKey(bio.get(), &test::key(0), EVP_aes_128_cbc(), passphrase, 6, nullptr,
                                  nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    EXPECT_TRUE(refused({text, static_cast<std::size_t>(size)})) << "and nobody is asked for a passphrase";
}

// ---- names ----------------------------------------------------------------------------------------

/// A certificate whose subject and alternative names are what the test says, however odd.
CertificatePtr named(const std::vector<std::pair<int, std::string>>& common_names,
                     const std::string& alternative_names = "") {
    CertificatePtr made(X509_new());
    for (const auto& [type, text] : common_names) {
        X509_NAME_add_entry_by_NID(X509_get_subject_name(made.get()), NID_commonName, type,
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()), -1, 0);
    }
    if (!alternative_names.empty()) {
        const std::unique_ptr<ASN1_OCTET_STRING, Releaser<&ASN1_OCTET_STRING_free>> value(
            ASN1_OCTET_STRING_new());
        ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(alternative_names.data()),
                              static_cast<int>(alternative_names.size()));
        const ExtensionPtr extension(
            X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, value.get()));
        X509_add_ext(made.get(), extension.get(), -1);
    }
    return made;
}

std::string uri(const std::string& text) {
    return test::tlv(0x86, text);
}

struct NamesCase {
    const char* name;
    std::vector<std::pair<int, std::string>> common_names;
    std::string alternative_names;
    std::vector<std::string> expected_names;
    std::vector<std::string> expected_uris;
    bool undecodable = false;
};

const NamesCase names_cases[] = {
    {"nothing", {}, "", {}, {}},
    {"common_name", {{V_ASN1_UTF8STRING, "A1"}}, "", {"A1"}, {}},
    {"printable", {{V_ASN1_PRINTABLESTRING, "A1"}}, "", {"A1"}, {}},
    {"utf16", {{V_ASN1_BMPSTRING, octets({0, 'A', 0, 0xE9})}}, "", {"A\xC3\xA9"}, {}},
    {"latin_1", {{V_ASN1_T61STRING, "\xE9"}}, "", {"\xC3\xA9"}, {}},
    {"two", {{V_ASN1_UTF8STRING, "A1"}, {V_ASN1_UTF8STRING, "A2"}}, "", {"A1", "A2"}, {}},
    {"nul", {{V_ASN1_UTF8STRING, std::string("A1\0x", 4)}}, "", {std::string("A1\0x", 4)}, {}, true},
    {"no_utf8", {{V_ASN1_UTF8STRING, "\xFF"}}, "", {""}, {}, true},
    {"uri", {}, test::sequence({uri("urn:a")}), {}, {"urn:a"}},
    {"uris_among_others",
     {},
     test::sequence({test::tlv(0x82, "a.example"), uri("urn:a"), uri("urn:b")}),
     {},
     {"urn:a", "urn:b"}},
    {"uri_with_nul",
     {},
     test::sequence({uri(std::string("urn:a\0b", 7))}),
     {},
     {std::string("urn:a\0b", 7)},
     true},
    {"alternatives_malformed", {{V_ASN1_UTF8STRING, "A1"}}, octets({0x30, 0x05, 0x86}), {"A1"}, {}, true},
};

class Names : public testing::TestWithParam<NamesCase> {};

TEST_P(Names, are_decoded_without_doubt) {
    const auto names = certificate_names(*named(GetParam().common_names, GetParam().alternative_names));
    EXPECT_EQ(names.undecodable, GetParam().undecodable);
    EXPECT_EQ(names.san_uris, GetParam().expected_uris);
    EXPECT_EQ(names.common_names.size(), GetParam().expected_names.size());
    if (!GetParam().undecodable) {
        EXPECT_EQ(names.common_names, GetParam().expected_names);
    }
}
INSTANTIATE_TEST_SUITE_P(table, Names, testing::ValuesIn(names_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Names, are_undecodable_when_the_extension_stands_twice) {
    const CertificatePtr twice = named({}, test::sequence({uri("urn:a")}));
    const ExtensionPtr again(X509_EXTENSION_dup(X509_get_ext(twice.get(), 0)));
    X509_add_ext(twice.get(), again.get(), -1);
    EXPECT_TRUE(certificate_names(*twice).undecodable);
}

TEST(ServerNames, are_dns_names_and_addresses) {
    const CertificatePtr server = test::certificate(
        {.common_name = "not.this.example",
         .extensions =
             {{NID_subject_alt_name,
               "DNS:S3.Example,DNS:*.example,IP:192.0.2.1,IP:2001:db8::1,URI:urn:a,email:a@b.example"}}},
        test::key(0));
    EXPECT_EQ(server_names(*server), (std::vector<std::string>{"s3.example", "192.0.2.1", "[2001:db8::1]"}));
    EXPECT_TRUE(server_names(*test::authority("CA", test::key(0))).empty());
}

// ---- values ---------------------------------------------------------------------------------------

struct SerialCase {
    const char* name;
    std::string magnitude;
    std::string octets;
};
const SerialCase serial_cases[] = {
    {"small", octets({0x01}), octets({0x01})},
    {"with_sign_bit", octets({0x80}), octets({0x00, 0x80})},
    {"zero", "", octets({0x00})},
    {"20_octets", std::string(20, '\x7F'), std::string(20, '\x7F')},
};

class Serial : public testing::TestWithParam<SerialCase> {};

TEST_P(Serial, is_what_a_crl_lists) {
    const CertificatePtr made =
        test::certificate({.common_name = "d", .serial = GetParam().magnitude}, test::key(0));
    EXPECT_EQ(serial_octets(*made), GetParam().octets);
}
INSTANTIATE_TEST_SUITE_P(table, Serial, testing::ValuesIn(serial_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Serial, may_be_negative) {
    const CertificatePtr made = test::certificate({.common_name = "d"}, test::key(0));
    ASN1_INTEGER_set_int64(X509_get_serialNumber(made.get()), -128);
    EXPECT_EQ(serial_octets(*made), octets({0x80}));
}

TEST(Validity, is_read_in_both_forms) {
    const auto far = std::chrono::sys_days{std::chrono::January / 2 / 2050} + 3h + 4min + 5s;
    const CertificatePtr made =
        test::certificate({.common_name = "d", .not_before = test::now, .not_after = far}, test::key(0));
    const auto dates = validity(*made).value();
    EXPECT_EQ(dates.not_before, test::now);
    EXPECT_EQ(dates.not_after, far);
}

TEST(Validity, may_be_no_date) {
    const CertificatePtr made(X509_new());
    EXPECT_FALSE(validity(*made));
}

TEST(NameText, is_fit_for_a_log_line) {
    EXPECT_EQ(name_text(*X509_get_subject_name(named({{V_ASN1_UTF8STRING, "A1"}}).get())), "CN=A1");
    EXPECT_EQ(name_text(*X509_get_subject_name(named({{V_ASN1_UTF8STRING, "\xC3\xA9"}}).get())),
              "CN=\xC3\xA9");
    const auto hostile =
        name_text(*X509_get_subject_name(named({{V_ASN1_UTF8STRING, "a\nb\x1B[2J,c"}}).get()));
    EXPECT_EQ(hostile, "CN=a\\0Ab\\1B[2J\\,c");
}

TEST(Hex, is_upper_case) {
    EXPECT_EQ(hex(bytes(octets({0x00, 0x9F, 0xA0, 0xFF}))), "009FA0FF");
    EXPECT_EQ(hex(std::string_view("")), "");
}

TEST(Decimal, takes_numbers_of_any_size) {
    EXPECT_EQ(decimal(bytes("")), "0");
    EXPECT_EQ(decimal(bytes(octets({0x00, 0xFF}))), "255");
    EXPECT_EQ(decimal(bytes("\x01" + std::string(8, '\0'))), "18446744073709551616");
}

}  // namespace
}  // namespace sallyport::pki
