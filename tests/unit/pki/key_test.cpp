#include "pki/key.h"

#include "pki/certificate.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

TEST(Key, is_rsa_2048_with_the_usual_exponent) {
    const auto key = generate_rsa_key();
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(EVP_PKEY_get_base_id(key->get()), EVP_PKEY_RSA);
    EXPECT_EQ(EVP_PKEY_get_bits(key->get()), 2048);
    BIGNUM* exponent = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(key->get(), "e", &exponent), 1);
    const BignumPtr owned(exponent);
    EXPECT_EQ(BN_is_word(exponent, 65537), 1);
}

TEST(Key, survives_writing_and_reading) {
    const auto key = generate_rsa_key();
    const auto text = write_private_key(**key);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_TRUE(text->starts_with("-----BEGIN PRIVATE KEY-----\n"));  // PKCS#8, not encrypted
    const auto again = parse_private_key(*text, "test");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(EVP_PKEY_eq(key->get(), again->get()), 1);
}

TEST(Key, matches_only_its_own_certificate) {
    const auto own = generate_rsa_key();
    const auto other = generate_rsa_key();
    const CertificatePtr certificate(X509_new());
    EXPECT_FALSE(key_matches(**own, *certificate)) << "a certificate without a key";
    X509_set_pubkey(certificate.get(), own->get());
    EXPECT_TRUE(key_matches(**own, *certificate));
    EXPECT_FALSE(key_matches(**other, *certificate));
}

}  // namespace
}  // namespace sallyport::pki
