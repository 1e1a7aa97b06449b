#include "gateway/signing_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(Secrets, are_read_line_by_line) {
    const auto secrets = parse_secrets("# of the fleet\n\nKEY1 secret/+=#1\r\n \tKEY2\tsecret2");
    ASSERT_TRUE(secrets) << secrets.error().message;
    ASSERT_EQ(secrets->size(), 2U);
    EXPECT_EQ(secrets->at("KEY1").reveal(), "secret/+=#1");
    EXPECT_EQ(secrets->at("KEY2").reveal(), "secret2");
}

struct FaultCase {
    const char* text;
    const char* fault;
};

TEST(Secrets, are_refused_with_their_line_and_not_told) {
    const FaultCase cases[] = {
        {"KEY", "1: a line has an access key and its secret, and nothing else"},
        {"A s\nKEY hidden more", "2: a line has an access key and its secret, and nothing else"},
        {"KEY hidden\nKEY hidden", "2: access key KEY stands twice"},
        {"KEY/1 hidden", "1: an access key: "},
        {"KEY hid\x01"
         "den",
         "1: the secret of KEY: "},
    };
    for (const FaultCase& row : cases) {
        const auto secrets = parse_secrets(row.text);
        ASSERT_FALSE(secrets) << row.text;
        EXPECT_THAT(secrets.error().message, testing::StartsWith(row.fault));
        EXPECT_THAT(secrets.error().message, testing::Not(testing::HasSubstr("hid")));
    }
}

TEST(SigningKeys, are_those_of_the_secret_for_each_day) {
    const SigningKeys keys(std::move(*parse_secrets("KEY1 one\nKEY2 two")));
    const auto key1 = s3::AccessKey::parse("KEY1").value();
    const s3::CredentialScope today{"20260301", "eu-west-1"};
    const s3::CredentialScope tomorrow{"20260302", "eu-west-1"};
    for (int again = 0; again < 2; ++again) {  // derived, then remembered
        for (const auto& scope : {today, tomorrow}) {
            const s3::SigningKey expected(s3::SecretKey::parse("one").value(), scope);
            const auto key = keys.of(key1, scope);
            ASSERT_TRUE(key);
            EXPECT_EQ(s3::signature(*key, "text"), s3::signature(expected, "text"));
        }
    }
    EXPECT_FALSE(keys.of(s3::AccessKey::parse("STRANGER").value(), today));
    EXPECT_TRUE(keys.has("KEY2"));
    EXPECT_FALSE(keys.has("KEY"));
}

}  // namespace
}  // namespace sallyport::gateway
