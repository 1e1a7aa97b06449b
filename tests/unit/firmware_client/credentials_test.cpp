#include "firmware-client/credentials.h"

#include "pki/issue.h"
#include "pki/key.h"
#include "pki/pkcs7.h"
#include "tests/support/temporary_folder.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;

EVP_PKEY& key(int which) {
    static const pki::KeyPtr keys[] = {pki::generate_rsa_key().value(), pki::generate_rsa_key().value()};
    return *keys[which];
}

pki::CertificatePtr issue(pki::CertificateRole role, const std::string& name, EVP_PKEY& subject, X509* signer,
                          std::vector<pki::AlternativeName> names = {}) {
    // The same for all certificates of a run: none may end a second after its issuer.
    static const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const pki::Signer by{signer, &key(0)};
    auto made = pki::issue_certificate(
        {role, {"", name}, pki::generate_serial().value(), {now - 1h, now + 24h}, std::move(names), ""},
        subject, signer == nullptr ? nullptr : &by);
    return std::move(made.value());
}

struct IdCase {
    const char* name;
    const char* common_name;
    std::vector<std::string> uris;
    const char* id;  ///< nullptr: refused
};

const IdCase id_cases[] = {
    {"cn", "AABBCCDD", {}, "AABBCCDD"},
    {"both_agree", "AABBCCDD", {"urn:canedge:device:AABBCCDD"}, "AABBCCDD"},
    {"other_uri_beside", "AABBCCDD", {"urn:other:1"}, "AABBCCDD"},
    {"disagree", "AABBCCDD", {"urn:canedge:device:AABBCCDE"}, nullptr},
    {"two_uris", "AABBCCDD", {"urn:canedge:device:AABBCCDD", "urn:canedge:device:11111111"}, nullptr},
    {"lower_case", "aabbccdd", {}, nullptr},
    {"some_name", "Truck 7", {}, nullptr},
};

class CertificateId : public testing::TestWithParam<IdCase> {};

TEST_P(CertificateId, is_one_device) {
    std::vector<pki::AlternativeName> names;
    for (const auto& uri : GetParam().uris)
        names.push_back({pki::AlternativeName::Type::uri, uri});
    const auto root = issue(pki::CertificateRole::root_authority, "Root", key(0), nullptr);
    const auto leaf =
        issue(pki::CertificateRole::device, GetParam().common_name, key(1), root.get(), std::move(names));
    const auto id = device_id_of(*leaf);
    ASSERT_EQ(static_cast<bool>(id), GetParam().id != nullptr);
    if (id) {
        EXPECT_EQ(*id, GetParam().id);
    }
}

INSTANTIATE_TEST_SUITE_P(table, CertificateId, testing::ValuesIn(id_cases),
                         [](const auto& row) { return row.param.name; });

struct Identity : testing::Test {
    test::TemporaryFolder folder;
    Card card{folder.path(), "01.09"};
    LastGood files{card};
    pki::CertificatePtr root = issue(pki::CertificateRole::root_authority, "Root", key(0), nullptr);
    pki::CertificatePtr authority =
        issue(pki::CertificateRole::device_authority, "Devices", key(0), root.get());
    pki::CertificatePtr leaf = issue(pki::CertificateRole::device, "AABBCCDD", key(1), authority.get());

    void write_bundle(const std::vector<X509*>& certificates) {
        folder.write("certs_device.p7b",
                     pki::write_certificate_bundle(certificates, pki::BundleForm::pem).value());
    }
    void write_key(int which) {
        const auto path = folder.write("certs_device.key", pki::write_private_key(key(which)).value());
        std::filesystem::permissions(path, std::filesystem::perms{0600});
    }
};

TEST_F(Identity, leaf_is_found_by_its_key_wherever_it_stands) {
    write_key(1);
    const std::vector<std::vector<X509*>> orders = {{leaf.get(), authority.get(), root.get()},
                                                    {root.get(), authority.get(), leaf.get()},
                                                    {authority.get(), leaf.get()}};
    for (const auto& order : orders) {
        write_bundle(order);
        const auto identity = read_identity(card, files);
        ASSERT_TRUE(identity) << identity.error().message;
        ASSERT_TRUE(*identity);
        EXPECT_EQ(X509_cmp((*identity)->certificate.get(), leaf.get()), 0);
        ASSERT_EQ((*identity)->chain.size(), 1U) << "the root is not sent";
        EXPECT_EQ(X509_cmp((*identity)->chain[0].get(), authority.get()), 0);
    }
}

TEST_F(Identity, is_none_or_whole) {
    auto identity = read_identity(card, files);
    ASSERT_TRUE(identity);
    EXPECT_FALSE(*identity);
    write_bundle({leaf.get()});
    EXPECT_FALSE(read_identity(card, files)) << "no key";
    write_key(0);
    identity = read_identity(card, files);
    ASSERT_FALSE(identity) << "another key";
    EXPECT_NE(identity.error().message.find("no certificate in it fits"), std::string::npos);
    write_key(1);
    EXPECT_TRUE(read_identity(card, files));
    std::filesystem::permissions(card.file("certs_device.key"), std::filesystem::perms{0640});
    EXPECT_FALSE(read_identity(card, files)) << "others may read the key";
    write_key(1);
    std::filesystem::remove(card.file("certs_device.p7b"));
    EXPECT_FALSE(read_identity(card, files)) << "no certificate";
}

/// Section 11.3 of the reference: what may stand in certs_server.p7b. `count` -1: refused.
struct TrustCase {
    const char* name;
    std::string content;
    int count;
    const char* fault = "";
};

struct Authorities {
    pki::CertificatePtr one = issue(pki::CertificateRole::root_authority, "One", key(0), nullptr);
    pki::CertificatePtr two = issue(pki::CertificateRole::root_authority, "Two", key(0), nullptr);
    pki::CertificatePtr one_again = issue(pki::CertificateRole::root_authority, "One", key(1), nullptr);
    pki::CertificatePtr below = issue(pki::CertificateRole::server_authority, "Below", key(1), one.get());
};

/// As `openssl crl2pkcs7 -nocrl` does, which takes more certificates than a device.
std::string pkcs7(const std::vector<X509*>& certificates, pki::BundleForm form) {
    const pki::Pkcs7Ptr message{PKCS7_new()};
    PKCS7_set_type(message.get(), NID_pkcs7_signed);
    PKCS7_content_new(message.get(), NID_pkcs7_data);
    PKCS7_set_detached(message.get(), 1);
    for (X509* certificate : certificates)
        PKCS7_add_certificate(message.get(), certificate);
    const pki::BioPtr out{BIO_new(BIO_s_mem())};
    if (form == pki::BundleForm::pem) {
        PEM_write_bio_PKCS7(out.get(), message.get());
    } else {
        i2d_PKCS7_bio(out.get(), message.get());
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string single(X509* certificate, pki::BundleForm form) {
    return pki::write_certificate_bundle(std::vector<X509*>{certificate}, form).value();
}

std::vector<TrustCase> trust_cases() {
    constexpr auto der = pki::BundleForm::der;
    static const Authorities some;
    static const std::vector<pki::CertificatePtr> many = [] {
        std::vector<pki::CertificatePtr> roots;
        for (int i = 0; i < 11; ++i) {
            roots.push_back(
                issue(pki::CertificateRole::root_authority, "R" + std::to_string(i), key(0), nullptr));
        }
        return roots;
    }();
    std::vector<X509*> ten;
    for (std::size_t i = 0; i < 10; ++i)
        ten.push_back(many[i].get());
    std::vector<X509*> eleven = ten;
    eleven.push_back(many[10].get());
    X509* const one = some.one.get();
    return {{"11_3_empty_clears", "", 0},
            {"11_3_one_pem", single(one, pki::BundleForm::pem), 1},
            {"11_3_one_der", single(one, der), 1},
            {"11_3_pkcs7_pem", pkcs7({one, some.two.get()}, pki::BundleForm::pem), 2},
            {"11_3_pkcs7_der", pkcs7({one, some.two.get()}, der), 2},
            {"11_3_pkcs7_of_one", pkcs7({one}, der), 1},
            {"11_3_ten", pkcs7(ten, der), 10},
            {"11_3_eleven", pkcs7(eleven, der), -1, "at most 10"},
            {"11_3_same_subject", pkcs7({one, some.one_again.get()}, der), -1, "the same subject"},
            {"11_3_same_issuer", pkcs7({one, some.below.get()}, der), -1, "the same issuer"},
            {"11_3_two_pem_blocks",
             single(one, pki::BundleForm::pem) + single(some.two.get(), pki::BundleForm::pem), -1},
            {"11_3_cut_off", single(one, der).substr(0, 300), -1},
            {"11_3_nonsense", "no certificate", -1},
            {"11_3_too_large", std::string(pki::max_bundle_bytes + 1, 'x'), -1}};
}

class Trust : public testing::TestWithParam<TrustCase> {};

TEST_P(Trust, is_what_the_bundle_holds) {
    const test::TemporaryFolder folder;
    folder.write("certs_server.p7b", GetParam().content);
    const Card card{folder.path(), "01.09"};
    LastGood files(card);
    const auto trusted = read_trust(card, files);
    ASSERT_EQ(static_cast<bool>(trusted), GetParam().count >= 0) << (trusted ? "" : trusted.error().message);
    if (trusted) {
        EXPECT_EQ(static_cast<int>(trusted->size()), GetParam().count);
    } else {
        EXPECT_EQ(trusted.error().fault, Fault::configuration);
        EXPECT_NE(trusted.error().message.find(GetParam().fault), std::string::npos)
            << trusted.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(table, Trust, testing::ValuesIn(trust_cases()),
                         [](const auto& row) { return row.param.name; });

TEST(TrustBundle, knows_rsa_only_11_1) {
    const pki::KeyPtr curve{EVP_EC_gen("P-256")};
    const pki::CertificatePtr certificate{X509_new()};
    X509_set_pubkey(certificate.get(), curve.get());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_sign(certificate.get(), curve.get(), EVP_sha256());
    const auto trusted = parse_trust(pkcs7({certificate.get()}, pki::BundleForm::der), "f");
    ASSERT_FALSE(trusted);
    EXPECT_NE(trusted.error().message.find("not an RSA key"), std::string::npos) << trusted.error().message;
}

TEST(TrustBundle, missing_file_is_what_was_loaded_last) {
    const test::TemporaryFolder folder;
    const Card card{folder.path(), "01.09"};
    LastGood files(card);
    EXPECT_TRUE(read_trust(card, files)->empty());
    const auto root = issue(pki::CertificateRole::root_authority, "Root", key(0), nullptr);
    const auto path = folder.write("certs_server.p7b", single(root.get(), pki::BundleForm::der));
    ASSERT_TRUE(prepare_card(card));
    EXPECT_EQ(read_trust(card, files)->size(), 1U);
    ASSERT_TRUE(files.keep());
    std::filesystem::remove(path);
    EXPECT_EQ(read_trust(card, files)->size(), 1U);
    folder.write("certs_server.p7b", "cut o");
    EXPECT_EQ(read_trust(card, files)->size(), 1U);
    EXPECT_EQ(files.faults().size(), 2U);
    folder.write("certs_server.p7b", "");
    EXPECT_TRUE(read_trust(card, files)->empty()) << "an empty file clears";
}

}  // namespace
}  // namespace sallyport::device
