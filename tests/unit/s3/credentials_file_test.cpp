#include "s3/credentials_file.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::s3 {
namespace {

struct FileCase {
    const char* name;
    std::string text;
    const char* profile;
    const char* secret_key;
    const char* session_token = "";
};

const std::string pair = "aws_access_key_id = AK\naws_secret_access_key = sec/ret+1\n";

const FileCase file_cases[] = {
    {"usual", "[default]\n" + pair, "default", "sec/ret+1"},
    {"second_profile", "[default]\naws_access_key_id=X\naws_secret_access_key=other\n[store]\n" + pair,
     "store", "sec/ret+1"},
    {"profile_before_another", "[store]\n" + pair + "[default]\naws_access_key_id=X\n", "store", "sec/ret+1"},
    {"another_order", "[default]\naws_secret_access_key=s\naws_access_key_id=AK\n", "default", "s"},
    {"token", "[default]\n" + pair + "aws_session_token = to/ken==\n", "default", "sec/ret+1", "to/ken=="},
    {"empty_token", "[default]\n" + pair + "aws_session_token =\n", "default", "sec/ret+1"},
    {"crlf", "[default]\r\naws_access_key_id = AK\r\naws_secret_access_key = s\r\naws_session_token = t\r\n",
     "default", "s", "t"},
    {"comments", "# of the fleet\n; too\n\n[default]\n#aws_access_key_id = X\n" + pair + "  # indented\n",
     "default", "sec/ret+1"},
    {"no_comment_within_a_value", "[default]\naws_access_key_id=AK\naws_secret_access_key=a#b;c\n", "default",
     "a#b;c"},
    {"equals_sign_within_a_value", "[default]\naws_access_key_id=AK\naws_secret_access_key=a=b==\n",
     "default", "a=b=="},
    {"blanks", " [ default ] \n\taws_access_key_id\t=\tAK \n aws_secret_access_key =  s  \n", "default", "s"},
    {"other_settings", "[default]\nregion = eu-west-1\n" + pair + "output=json\n", "default", "sec/ret+1"},
    {"other_profile_is_not_read",
     "[other]\nnonsense\naws_access_key_id=1\naws_access_key_id=2\n[default]\n" + pair, "default",
     "sec/ret+1"},
    {"other_profile_twice", "[x]\n[default]\n" + pair + "[x]\n", "default", "sec/ret+1"},
    {"without_a_line_feed", "[default]\naws_access_key_id=AK\naws_secret_access_key=s", "default", "s"},
    {"before_any_profile", "stray\n[default]\n" + pair, "default", "sec/ret+1"},
    {"longest_token", "[default]\n" + pair + "aws_session_token=" + std::string(8'192, 't') + "\n", "default",
     "sec/ret+1", nullptr},
};

class CredentialsFile : public testing::TestWithParam<FileCase> {};

TEST_P(CredentialsFile, is_read) {
    const FileCase& row = GetParam();
    const auto read = parse_credentials_file(row.text, row.profile);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->access_key.text(), "AK");
    EXPECT_EQ(read->secret_key.reveal(), row.secret_key);
    EXPECT_EQ(read->session_token, row.session_token ? row.session_token : std::string(8'192, 't'));
}
INSTANTIATE_TEST_SUITE_P(table, CredentialsFile, testing::ValuesIn(file_cases),
                         [](const auto& row) { return row.param.name; });

struct FaultCase {
    const char* name;
    std::string text;
    const char* message;
    Fault fault = Fault::malformed;
};

const FaultCase fault_cases[] = {
    {"empty", "", "1: there is no profile [default]"},
    {"no_such_profile", "[Default]\n" + pair, "1: there is no profile [default]"},
    {"settings_without_profile", pair, "1: there is no profile [default]"},
    {"profile_twice", "[default]\n" + pair + "[x]\n[default]\n", "5: profile 'default' stands twice",
     Fault::ambiguous},
    {"no_access_key", "[default]\naws_secret_access_key=hidden\n",
     "1: profile [default] has no aws_access_key_id"},
    {"no_secret", "[default]\naws_access_key_id=AK\n", "1: profile [default] has no aws_secret_access_key"},
    {"key_twice", "[default]\naws_access_key_id=AK\naws_access_key_id=AK\n",
     "3: aws_access_key_id stands twice", Fault::ambiguous},
    {"secret_twice", "[default]\n\naws_secret_access_key=hidden\n#\naws_secret_access_key=hidden\n",
     "5: aws_secret_access_key stands twice", Fault::ambiguous},
    {"secret_twice_in_two_spellings", "[default]\naws_secret_access_key=\naws_secret_access_key = hidden\n",
     "3: aws_secret_access_key stands twice", Fault::ambiguous},
    {"secret_alone", "[default]\nhidden\n", "2: is neither [profile] nor name = value"},
    {"empty_access_key", "[default]\naws_access_key_id=\naws_secret_access_key=hidden\n",
     "1: profile [default]: the access key: "},
    {"access_key_with_a_slash", "[default]\naws_access_key_id=A/K\naws_secret_access_key=hidden\n",
     "1: profile [default]: the access key: "},
    {"empty_secret", "[default]\naws_access_key_id=AK\naws_secret_access_key=\n",
     "1: profile [default]: the secret key: "},
    {"control_byte", "[default]\naws_access_key_id=AK\naws_secret_access_key=hidden\x01\n",
     "1: profile [default]: the secret key: "},
    {"secret_too_long",
     "[default]\naws_access_key_id=AK\naws_secret_access_key=hidden" + std::string(251, 'x') + "\n",
     "1: profile [default]: the secret key: "},
    {"blank_in_a_token", "[default]\n" + pair + "aws_session_token=hidden hidden\n",
     "1: profile [default]: the session token: "},
    {"token_too_long", "[default]\n" + pair + "aws_session_token=hidden" + std::string(8'187, 't') + "\n",
     "1: profile [default]: the session token: "},
    {"line_end_in_a_token", "[default]\n" + pair + "aws_session_token=hid\rden\n",
     "1: profile [default]: the session token: "},
    {"open_bracket", "[default\n" + pair, "1: a profile without its ']'"},
    {"comment_behind_a_profile", "[default] # mine\n" + pair, "1: a profile without its ']'"},
};

class FaultyCredentialsFile : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultyCredentialsFile, is_refused_with_its_line_and_not_told) {
    const auto read = parse_credentials_file(GetParam().text, "default");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, testing::StartsWith(GetParam().message));
    EXPECT_EQ(read.error().fault, GetParam().fault);
    EXPECT_THAT(read.error().message, testing::Not(testing::HasSubstr("hid")));
    EXPECT_THAT(read.error().message, testing::Not(testing::HasSubstr("sec/ret")));
}
INSTANTIATE_TEST_SUITE_P(table, FaultyCredentialsFile, testing::ValuesIn(fault_cases),
                         [](const auto& row) { return row.param.name; });

TEST(StoreCredentials, are_made_of_three_texts) {
    const auto made = make_store_credentials("AK", "secret", "token");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->access_key.text(), "AK");
    EXPECT_EQ(made->secret_key.reveal(), "secret");
    EXPECT_EQ(made->session_token, "token");
    EXPECT_FALSE(make_store_credentials("", "secret", ""));
    EXPECT_FALSE(make_store_credentials("AK", "", ""));
    EXPECT_FALSE(make_store_credentials("AK", "secret", "t\nx: y"));
}

}  // namespace
}  // namespace sallyport::s3
