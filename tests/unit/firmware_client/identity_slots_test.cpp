#include "firmware-client/identity_slots.h"

#include "firmware-client/credentials.h"
#include "pki/file.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/pkcs7.h"
#include "pki/request.h"
#include "tests/support/temporary_folder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;

EVP_PKEY& old_key() {
    static const pki::KeyPtr key = pki::generate_rsa_key().value();
    return *key;
}

std::string bundle_for(EVP_PKEY& key) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto made = pki::issue_certificate({pki::CertificateRole::root_authority,
                                              {"", "AABBCCDD"},
                                              pki::generate_serial().value(),
                                              {now - 1h, now + 24h},
                                              {},
                                              ""},
                                             key, nullptr);
    return pki::write_certificate_bundle(std::vector<X509*>{made->get()}, pki::BundleForm::pem).value();
}

struct Slots : testing::Test {
    test::TemporaryFolder folder;
    Card card{folder.path(), "01.09"};
    std::string old_bundle = bundle_for(old_key());
    std::string next_bundle;

    void SetUp() override {
        folder.write("certs_device.p7b", old_bundle);
        write_key("certs_device.key", old_key());
        next_bundle = bundle_for(**next_identity_key(card));
    }
    void write_key(const char* name, const EVP_PKEY& key) {
        std::filesystem::permissions(folder.write(name, pki::write_private_key(key).value()),
                                     std::filesystem::perms{0600});
    }
    void move(const char* from, const char* to) {
        std::filesystem::rename(folder.path() / from, folder.path() / to);
    }
    std::string bundle() { return *pki::read_file(card.file("certs_device.p7b"), 65536); }
    bool works() {
        LastGood files(card);
        const auto identity = read_identity(card, files);
        return identity && identity->has_value();
    }
};

TEST_F(Slots, keep_the_key_of_a_renewal) {
    const auto key = pki::read_file(card.file("certs_device.key.next"), 65536);
    ASSERT_TRUE(next_identity_key(card));
    EXPECT_EQ(*pki::read_file(card.file("certs_device.key.next"), 65536), *key);
    folder.write("certs_device.key.next", "cut off");
    ASSERT_TRUE(next_identity_key(card)) << "a damaged one is made anew";
    EXPECT_NE(*pki::read_file(card.file("certs_device.key.next"), 65536), "cut off");
}

TEST_F(Slots, second_becomes_first) {
    ASSERT_TRUE(promote_identity(card, next_bundle));
    EXPECT_EQ(bundle(), next_bundle);
    EXPECT_TRUE(works());
    EXPECT_FALSE(has_next_identity_key(card));
    EXPECT_FALSE(is_present(card.file("certs_device.p7b.next")));
}

/// The power is cut after each step of a promotion.
TEST_F(Slots, power_loss_before_the_bundle_is_written) {
    ASSERT_TRUE(finish_promotion(card));
    EXPECT_EQ(bundle(), old_bundle);
    EXPECT_TRUE(works());
}

TEST_F(Slots, power_loss_after_the_bundle_is_written) {
    folder.write("certs_device.p7b.next", next_bundle);
    ASSERT_TRUE(finish_promotion(card));
    EXPECT_EQ(bundle(), next_bundle);
    EXPECT_TRUE(works());
}

TEST_F(Slots, power_loss_after_the_key_was_moved) {
    folder.write("certs_device.p7b.next", next_bundle);
    move("certs_device.key.next", "certs_device.key");
    EXPECT_FALSE(works()) << "what the promotion must mend";
    ASSERT_TRUE(finish_promotion(card));
    EXPECT_EQ(bundle(), next_bundle);
    EXPECT_TRUE(works());
}

TEST_F(Slots, foreign_bundle_replaces_nothing) {
    for (const auto& content :
         {bundle_for(**pki::generate_rsa_key()), std::string{"nonsense"}, std::string{}}) {
        folder.write("certs_device.p7b.next", content);
        ASSERT_TRUE(finish_promotion(card));
        EXPECT_EQ(bundle(), old_bundle);
        EXPECT_TRUE(works());
        EXPECT_FALSE(is_present(card.file("certs_device.p7b.next")));
    }
}

TEST(CertificationRequest, is_the_same_each_time_and_asks_for_the_device) {
    const auto text = pki::write_certification_request(old_key(), "AABBCCDD", device_id_uri("AABBCCDD"));
    ASSERT_TRUE(text);
    EXPECT_EQ(*pki::write_certification_request(old_key(), "AABBCCDD", device_id_uri("AABBCCDD")), *text);
    const pki::BioPtr in{BIO_new_mem_buf(text->data(), static_cast<int>(text->size()))};
    const pki::RequestPtr request{PEM_read_bio_X509_REQ(in.get(), nullptr, nullptr, nullptr)};
    ASSERT_TRUE(request);
    EXPECT_EQ(X509_REQ_verify(request.get(), &old_key()), 1);
}

}  // namespace
}  // namespace sallyport::device
