#include "pki/issue.h"

#include "pki/key.h"
#include "pki/time.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::sys_seconds start{1'800'000'000s};  // 2027-01-15T08:00:00Z

/// One key for every certificate here: making RSA keys is what takes the time.
EVP_PKEY& shared_key() {
    static const KeyPtr key = std::move(generate_rsa_key().value());
    return *key;
}

CertificateProfile profile(CertificateRole role) {
    return {role, {"Example", "subject"}, generate_serial().value(), {start, start + 24h}, {}, {}};
}

const CertificatePtr& root() {
    static const CertificatePtr certificate =
        std::move(issue_certificate(profile(CertificateRole::root_authority), shared_key(), nullptr).value());
    return certificate;
}

Result<CertificatePtr> issue(const CertificateProfile& from) {
    const Signer signer{root().get(), &shared_key()};
    return issue_certificate(from, shared_key(), &signer);
}

std::string printed(const X509& certificate, int nid) {
    const int at = X509_get_ext_by_NID(&certificate, nid, -1);
    if (at < 0) return "absent";
    X509_EXTENSION* extension = X509_get_ext(&certificate, at);
    const BioPtr bio(BIO_new(BIO_s_mem()));
    X509V3_EXT_print(bio.get(), extension, 0, 0);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return (X509_EXTENSION_get_critical(extension) != 0 ? "critical " : "") +
           std::string(text, std::size_t(size));
}

struct RoleCase {
    const char* name;
    CertificateRole role;
    const char* basic_constraints;
    const char* key_usage;
    const char* extended_key_usage;
};

class RoleTest : public testing::TestWithParam<RoleCase> {};

TEST_P(RoleTest, fixes_the_extensions) {
    const auto& row = GetParam();
    const bool is_root = row.role == CertificateRole::root_authority;
    const auto made =
        is_root ? issue_certificate(profile(row.role), shared_key(), nullptr) : issue(profile(row.role));
    ASSERT_TRUE(made) << made.error().message;
    X509& certificate = **made;
    EXPECT_EQ(X509_get_version(&certificate), X509_VERSION_3);
    EXPECT_EQ(X509_get_signature_nid(&certificate), NID_sha256WithRSAEncryption);
    EXPECT_EQ(printed(certificate, NID_basic_constraints), row.basic_constraints);
    EXPECT_EQ(printed(certificate, NID_key_usage), row.key_usage);
    EXPECT_EQ(printed(certificate, NID_ext_key_usage), row.extended_key_usage);
    EXPECT_EQ(X509_verify(&certificate, &shared_key()), 1);
    ASSERT_NE(X509_get0_subject_key_id(&certificate), nullptr);
    ASSERT_NE(X509_get0_authority_key_id(&certificate), nullptr);
    EXPECT_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(&certificate),
                                    X509_get0_subject_key_id(root().get())),
              0);
    EXPECT_EQ(printed(certificate, NID_crl_distribution_points), "absent");
}

const RoleCase role_cases[] = {
    {"root", CertificateRole::root_authority, "critical CA:TRUE, pathlen:1",
     "critical Certificate Sign, CRL Sign", "absent"},
    {"device_authority", CertificateRole::device_authority, "critical CA:TRUE, pathlen:0",
     "critical Certificate Sign, CRL Sign", "TLS Web Client Authentication"},
    {"server_authority", CertificateRole::server_authority, "critical CA:TRUE, pathlen:0",
     "critical Certificate Sign, CRL Sign", "TLS Web Server Authentication"},
    {"operator_authority", CertificateRole::operator_authority, "critical CA:TRUE, pathlen:0",
     "critical Certificate Sign, CRL Sign", "TLS Web Client Authentication"},
    {"server", CertificateRole::server, "critical CA:FALSE", "critical Digital Signature, Key Encipherment",
     "TLS Web Server Authentication"},
    {"device", CertificateRole::device, "critical CA:FALSE", "critical Digital Signature",
     "TLS Web Client Authentication"},
    {"operator_client", CertificateRole::operator_client, "critical CA:FALSE", "critical Digital Signature",
     "TLS Web Client Authentication"},
};
INSTANTIATE_TEST_SUITE_P(table, RoleTest, testing::ValuesIn(role_cases),
                         [](const auto& row) { return row.param.name; });

struct AcceptCase {
    const char* name;
    void (*change)(CertificateProfile&);
    bool accepted;
};

class ProfileTest : public testing::TestWithParam<AcceptCase> {};

TEST_P(ProfileTest, is_checked_before_it_is_signed) {
    CertificateProfile asked = profile(CertificateRole::server);
    GetParam().change(asked);
    const auto made = issue(asked);
    EXPECT_EQ(made.has_value(), GetParam().accepted) << (made ? "" : made.error().message);
}

void add_name(CertificateProfile& asked, AlternativeName::Type type, std::string value) {
    asked.alternative_names.push_back({type, std::move(value)});
}

const AcceptCase accept_cases[] = {
    {"plain", [](auto&) {}, true},
    {"ends_with_issuer", [](auto& p) { p.validity.not_after = start + 24h; }, true},
    {"outlives_issuer", [](auto& p) { p.validity.not_after = start + 24h + 1s; }, false},
    {"one_second", [](auto& p) { p.validity.not_after = start + 1s; }, true},
    {"no_second", [](auto& p) { p.validity.not_after = start; }, false},
    {"name_64", [](auto& p) { p.subject.common_name = std::string(64, 'x'); }, true},
    {"name_65", [](auto& p) { p.subject.common_name = std::string(65, 'x'); }, false},
    {"name_empty", [](auto& p) { p.subject.common_name.clear(); }, false},
    {"name_utf8", [](auto& p) { p.subject.common_name = "M\u00fcller"; }, true},
    {"name_not_utf8", [](auto& p) { p.subject.common_name = "M\xfcller"; }, false},
    {"serial_one", [](auto& p) { p.serial = "\x01"; }, true},
    {"serial_zero", [](auto& p) { p.serial = std::string(1, '\0'); }, false},
    {"serial_empty", [](auto& p) { p.serial.clear(); }, false},
    {"serial_negative", [](auto& p) { p.serial = "\x80"; }, false},
    {"serial_20_octets", [](auto& p) { p.serial = std::string(20, '\x7f'); }, true},
    {"serial_21_octets", [](auto& p) { p.serial = std::string(21, '\x7f'); }, false},
    {"dns", [](auto& p) { add_name(p, AlternativeName::Type::dns, "gateway.example"); }, true},
    {"dns_with_nul", [](auto& p) { add_name(p, AlternativeName::Type::dns, std::string("a\0b", 3)); }, false},
    {"dns_not_ascii", [](auto& p) { add_name(p, AlternativeName::Type::dns, "m\u00fcller.example"); }, false},
    {"ip_4", [](auto& p) { add_name(p, AlternativeName::Type::ip, std::string("\x7f\0\0\1", 4)); }, true},
    {"ip_5", [](auto& p) { add_name(p, AlternativeName::Type::ip, std::string(5, '\1')); }, false},
    {"crl_url_with_space", [](auto& p) { p.crl_url = "http://a/ b"; }, false},
};
INSTANTIATE_TEST_SUITE_P(table, ProfileTest, testing::ValuesIn(accept_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Certificate, carries_names_as_they_were_given) {
    CertificateProfile asked = profile(CertificateRole::server);
    add_name(asked, AlternativeName::Type::dns, "a.example,DNS:b.example");
    add_name(asked, AlternativeName::Type::uri, "urn:canedge:device:A1B2C3D4");
    add_name(asked, AlternativeName::Type::ip, std::string("\x7f\0\0\1", 4));
    asked.crl_url = "http://crl.example/a,b.crl";
    const auto made = issue(asked);
    ASSERT_TRUE(made) << made.error().message;
    const std::unique_ptr<GENERAL_NAMES, Releaser<&GENERAL_NAMES_free>> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(made->get(), NID_subject_alt_name, nullptr, nullptr)));
    ASSERT_EQ(sk_GENERAL_NAME_num(names.get()), 3) << "a comma must not make two names of one";
    EXPECT_THAT(printed(**made, NID_crl_distribution_points),
                testing::HasSubstr("URI:http://crl.example/a,b.crl"));
    EXPECT_THAT(certificate_names(**made).san_uris, testing::ElementsAre("urn:canedge:device:A1B2C3D4"));
}

TEST(Certificate, is_not_signed_with_a_foreign_key) {
    const KeyPtr foreign = std::move(generate_rsa_key().value());
    const Signer signer{root().get(), foreign.get()};
    EXPECT_FALSE(issue_certificate(profile(CertificateRole::device), shared_key(), &signer));
}

TEST(Serial, is_positive_and_never_comes_twice) {
    std::set<std::string> seen;
    for (int i = 0; i < 2000; ++i) {
        const std::string serial = generate_serial().value();
        EXPECT_EQ(serial.size(), 17U);
        EXPECT_TRUE(serial[0] >= 0x40) << "positive, no redundant leading octet";
        EXPECT_TRUE(seen.insert(serial).second);
    }
}

TEST(Time, changes_its_form_with_the_year_2050) {
    const std::map<std::chrono::sys_days, int> forms{
        {std::chrono::year{2049} / 12 / 31, V_ASN1_UTCTIME},
        {std::chrono::year{2050} / 1 / 1, V_ASN1_GENERALIZEDTIME}};
    for (const auto& [day, form] : forms)
        EXPECT_EQ(ASN1_STRING_type(asn1_time(day).get()), form);
    EXPECT_EQ(rfc3339(start), "2027-01-15T08:00:00Z");
    EXPECT_EQ(rfc3339(std::chrono::sys_days{std::chrono::year{2050} / 1 / 1} - 1s), "2049-12-31T23:59:59Z");
}

}  // namespace
}  // namespace sallyport::pki
