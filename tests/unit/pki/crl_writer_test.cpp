#include "pki/crl_writer.h"

#include "pki/issue.h"
#include "pki/key.h"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;
constexpr std::chrono::sys_seconds start{1'800'000'000s};  // 2027-01-15T08:00:00Z

struct SigningCa {
    KeyPtr key;
    CertificatePtr certificate;
    Signer signer() const { return {certificate.get(), key.get()}; }
};

SigningCa make_authority(KeyAlgorithm algorithm) {
    KeyPtr key = std::move(generate_key(algorithm).value());
    const CertificateProfile profile{CertificateRole::root_authority,
                                     {"Example", "Root"},
                                     generate_serial().value(),
                                     {start, start + 24h},
                                     {},
                                     {}};
    CertificatePtr certificate = std::move(issue_certificate(profile, *key, nullptr).value());
    return {std::move(key), std::move(certificate)};
}

const SigningCa& authority() {
    static const SigningCa made = make_authority(KeyAlgorithm::rsa_2048);
    return made;
}

Bytes bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

CrlPtr read_by_openssl(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    CrlPtr crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    const auto* end = reinterpret_cast<const unsigned char*>(der.data() + der.size());
    return at == end ? std::move(crl) : nullptr;
}

/// The signed bytes as OpenSSL would write what it has read.
std::string written_by_openssl(X509_CRL& crl) {
    unsigned char* data = nullptr;
    const int size = i2d_re_X509_CRL_tbs(&crl, &data);
    const BufferPtr owned(data);
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(std::max(size, 0))};
}

std::string text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string crl_of(const std::vector<RevokedCertificate>& entries,
                   CrlProfile profile = {7, start, start + 1h}) {
    CrlWriter writer;
    for (const RevokedCertificate& entry : entries)
        EXPECT_TRUE(writer.add(entry));
    auto der = std::move(writer).sign(profile, authority().signer());
    EXPECT_TRUE(der) << der.error().message;
    return der ? *der : std::string();
}

struct WrittenCase {
    const char* name;
    std::vector<RevokedCertificate> entries;
    CrlProfile profile;
};

class WrittenCrl : public testing::TestWithParam<WrittenCase> {};

TEST_P(WrittenCrl, is_what_openssl_would_write_and_both_verify) {
    const std::string der = crl_of(GetParam().entries, GetParam().profile);
    const CrlPtr crl = read_by_openssl(der);
    ASSERT_NE(crl, nullptr);
    EXPECT_EQ(X509_CRL_verify(crl.get(), authority().key.get()), 1);
    const auto view = parse_crl(bytes_of(der));
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_EQ(hex(written_by_openssl(*crl)), hex(view->tbs));
    EXPECT_TRUE(verify_crl(*view, *authority().certificate));
    EXPECT_EQ(view->this_update, GetParam().profile.this_update);
    EXPECT_EQ(view->next_update, GetParam().profile.next_update);

    CrlEntries entries(*view);
    CrlEntry entry{};
    for (const RevokedCertificate& written : GetParam().entries) {
        ASSERT_TRUE(entries.next(entry).value());
        EXPECT_EQ(hex(entry.serial), hex(written.serial));
        EXPECT_EQ(entry.revoked_at, written.revoked_at);
        EXPECT_EQ(entry.invalid_since, written.invalid_since);
        EXPECT_EQ(entry.reason, written.reason == CrlReason::unspecified ? CrlReason::none : written.reason);
    }
    EXPECT_FALSE(entries.next(entry).value());
}

constexpr std::chrono::sys_seconds in_2049 = sys_days{year{2050} / 1 / 1} - 1s;
constexpr std::chrono::sys_seconds in_2050 = sys_days{year{2050} / 1 / 1};

const WrittenCase written_cases[] = {
    {"empty", {}, {7, start, start + 1h}},
    {"no_reason", {{"\x01", start, CrlReason::unspecified}}, {1, start, start + 1s}},
    {"reasons",
     {{"\x01", start, CrlReason::key_compromise},
      {"\x02", start, CrlReason::certificate_hold},
      {"\x7f", start, CrlReason::aa_compromise}},
     {127, start, start + 1h}},
    {"serial_with_sign_octet",
     {{std::string_view("\0\xff", 2), start, CrlReason::none}},
     {128, start, start + 1h}},
    {"serials_of_old_authorities",
     {{std::string_view("\x80", 1), start, CrlReason::none},
      {std::string_view("\0", 1), start, CrlReason::none},
      {"\x7f\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16", start,
       CrlReason::none}},
     {129, start, start + 1h}},
    {"serial_of_20_octets",
     {{"\x7f\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13", start,
       CrlReason::none}},
     {256, start, start + 1h}},
    {"invalid_since",
     {{"\x05", start, CrlReason::key_compromise, start - 24h * 400}},
     {7, start, start + 1h}},
    {"invalid_since_without_reason", {{"\x05", start, CrlReason::none, start - 1s}}, {7, start, start + 1h}},
    {"dates_around_2050",
     {{"\x05", in_2049, CrlReason::none, in_2049}, {"\x06", in_2050, CrlReason::none, in_2050}},
     {7, in_2049, in_2050}},
    {"largest_number", {}, {0xFFFFFFFFFFFFFFFFU, start, start + 1h}},
    {"delta", {{"\x09", start, CrlReason::remove_from_crl}}, {9, start, start + 1h, 0, {}, {}}},
    {"partition",
     {{"\x09", start, CrlReason::none}},
     {9, start, start + 1h, {}, "http://crl.example/7.crl", {}}},
    {"delta_of_partition", {}, {9, start, start + 1h, 300, "http://crl.example/7.crl", {}}},
    {"names_its_delta", {}, {9, start, start + 1h, {}, {}, "http://crl.example/delta.crl"}},
};
INSTANTIATE_TEST_SUITE_P(table, WrittenCrl, testing::ValuesIn(written_cases),
                         [](const auto& row) { return row.param.name; });

TEST(CrlWriter, lengths_of_every_form_are_minimal) {
    // Contents of 127/128, 255/256 and 65535/65536 octets change how lengths are written.
    std::vector<std::string> serials;
    for (int i = 0; i < 3500; ++i)
        serials.push_back(std::string{'\x40', static_cast<char>(i >> 8), static_cast<char>(i)});
    for (const std::size_t count :
         {2U, 3U, 4U, 5U, 8U, 9U, 10U, 11U, 12U, 2900U, 2975U, 2976U, 2977U, 2978U, 2979U, 2980U, 3500U}) {
        std::vector<RevokedCertificate> entries;
        for (std::size_t i = 0; i < count; ++i)
            entries.push_back({serials[i], start, CrlReason::none});
        const std::string der = crl_of(entries);
        const CrlPtr crl = read_by_openssl(der);
        ASSERT_NE(crl, nullptr) << count;
        EXPECT_EQ(written_by_openssl(*crl), text_of(parse_crl(bytes_of(der)).value().tbs)) << count;
    }
}

TEST(CrlWriter, a_delta_names_its_base_and_a_partition_its_point) {
    const std::string delta = crl_of({}, {9, start, start + 1h, 4, "http://crl.example/7.crl", {}});
    const auto view = parse_crl(bytes_of(delta)).value();
    EXPECT_TRUE(view.delta);
    EXPECT_EQ(hex(view.base_number), "04");
    EXPECT_FALSE(view.point_names.empty());
    EXPECT_FALSE(parse_crl(bytes_of(crl_of({})))->delta);
}

TEST(CrlWriter, a_p256_authority_signs_too) {
    const SigningCa modern = make_authority(KeyAlgorithm::p256);
    CrlWriter writer;
    ASSERT_TRUE(writer.add({"\x05", start, CrlReason::superseded}));
    const auto der = std::move(writer).sign({1, start, start + 1h}, modern.signer());
    ASSERT_TRUE(der) << der.error().message;
    const CrlPtr crl = read_by_openssl(*der);
    ASSERT_NE(crl, nullptr);
    EXPECT_EQ(X509_CRL_verify(crl.get(), modern.key.get()), 1);
    EXPECT_EQ(X509_CRL_get_signature_nid(crl.get()), NID_ecdsa_with_SHA256);
    EXPECT_TRUE(verify_crl(parse_crl(bytes_of(*der)).value(), *modern.certificate));
}

TEST(CrlWriter, refuses_what_no_crl_may_say) {
    for (const std::string& serial :
         {std::string(), std::string(65, '\x7f'), std::string("\0\x7f", 2), std::string("\xff\x80")}) {
        EXPECT_FALSE(CrlWriter().add({serial, start, CrlReason::none})) << hex(serial);
    }
    EXPECT_FALSE(CrlWriter().sign({1, start, start}, authority().signer()));
    EXPECT_TRUE(CrlWriter().sign({1, start, start + 1s}, authority().signer()));
    const KeyPtr foreign = std::move(generate_rsa_key().value());
    EXPECT_FALSE(CrlWriter().sign({1, start, start + 1h}, {authority().certificate.get(), foreign.get()}));
}

TEST(CrlWriter, pem_holds_the_same_bytes) {
    const std::string der = crl_of({{"\x05", start, CrlReason::superseded}});
    const std::string pem = write_crl_pem(der);
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    ASSERT_EQ(PEM_read_bio(bio.get(), &name, &header, &data, &size), 1);
    const BufferPtr owned_name(reinterpret_cast<unsigned char*>(name));
    const BufferPtr owned_header(reinterpret_cast<unsigned char*>(header));
    const BufferPtr owned(data);
    EXPECT_STREQ(name, "X509 CRL");
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)), der);
}

}  // namespace
}  // namespace sallyport::pki
