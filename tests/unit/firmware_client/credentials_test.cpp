#include "firmware-client/credentials.h"

#include "pki/issue.h"
#include "pki/key.h"
#include "pki/pkcs7.h"
#include "tests/unit/firmware_client/scratch_folder.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

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
    ScratchFolder folder;
    Card card{folder.path(), "01.09"};
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
        const auto identity = read_identity(card);
        ASSERT_TRUE(identity) << identity.error().message;
        ASSERT_TRUE(*identity);
        EXPECT_EQ(X509_cmp((*identity)->certificate.get(), leaf.get()), 0);
        ASSERT_EQ((*identity)->chain.size(), 1U) << "the root is not sent";
        EXPECT_EQ(X509_cmp((*identity)->chain[0].get(), authority.get()), 0);
    }
}

TEST_F(Identity, is_none_or_whole) {
    auto identity = read_identity(card);
    ASSERT_TRUE(identity);
    EXPECT_FALSE(*identity);
    write_bundle({leaf.get()});
    EXPECT_FALSE(read_identity(card)) << "no key";
    write_key(0);
    identity = read_identity(card);
    ASSERT_FALSE(identity) << "another key";
    EXPECT_NE(identity.error().message.find("no certificate in it fits"), std::string::npos);
    write_key(1);
    EXPECT_TRUE(read_identity(card));
    std::filesystem::permissions(card.file("certs_device.key"), std::filesystem::perms{0640});
    EXPECT_FALSE(read_identity(card)) << "others may read the key";
    write_key(1);
    std::filesystem::remove(card.file("certs_device.p7b"));
    EXPECT_FALSE(read_identity(card)) << "no certificate";
}

TEST_F(Identity, trust_is_what_the_bundle_holds) {
    EXPECT_TRUE(read_trust(card)->empty());
    folder.write("certs_server.p7b", "");
    EXPECT_TRUE(read_trust(card)->empty());
    folder.write(
        "certs_server.p7b",
        pki::write_certificate_bundle(std::vector<X509*>{root.get(), authority.get()}, pki::BundleForm::der)
            .value());
    EXPECT_EQ(read_trust(card)->size(), 2U);
    folder.write("certs_server.p7b", "no certificate");
    const auto refused = read_trust(card);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::configuration);
}

}  // namespace
}  // namespace sallyport::device
