#include "gateway/store_signing.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A folder for secrets, which is gone at the end, and variables that are unset at the end.
class Sources : public testing::Test {
  protected:
    Sources()
        : folder_(std::filesystem::temp_directory_path() /
                  ("store_signing_test." + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~Sources() override {
        std::filesystem::remove_all(folder_);
        for (const std::string& name : variables_)
            unsetenv(name.c_str());
    }
    Sources(const Sources&) = delete;
    Sources& operator=(const Sources&) = delete;

    std::filesystem::path written(const std::string& name, const std::string& text,
                                  std::filesystem::perms mode = std::filesystem::perms::owner_read) {
        std::filesystem::remove(folder_ / name);
        std::ofstream(folder_ / name, std::ios::binary) << text;
        std::filesystem::permissions(folder_ / name, mode);
        return folder_ / name;
    }
    void set(const std::string& name, const std::string& value) {
        setenv(name.c_str(), value.c_str(), 1);
        variables_.push_back(name);
    }
    static ResignSettings settings_of(SecretSource source, const std::string& profile = "default") {
        ResignSettings settings;
        settings.credentials = std::move(source);
        settings.profile = profile;
        return settings;
    }

    std::filesystem::path folder_;
    std::vector<std::string> variables_;
};

using Kind = SecretSource::Kind;

constexpr const char* file_text =
    "[default]\naws_access_key_id = FILEKEY\naws_secret_access_key = hidden\naws_session_token = hid/token\n"
    "[prod]\naws_access_key_id = PRODKEY\naws_secret_access_key = hidden2\n";

/// The signatures of "text" with these secrets, on 1 March 2026 in eu-west-1: Python's, after S3 API,
/// "Signature Calculations".
constexpr const char* by_hidden = "a7e79b91d7f3206da35ca779aa0589095830e51c43af29b8c38f4930a85a2499";
constexpr const char* by_hidden2 = "7a934844227af10a77b947ca8360b792ca5143c77c857a05f6586d5fed492031";
const s3::CredentialScope scope{"20260301", "eu-west-1"};

TEST_F(Sources, give_the_credentials_of_a_profile) {
    const SecretSource source{Kind::file, "", written("credentials", file_text)};
    std::string inputs;
    const auto usual = load_store_signing(settings_of(source), inputs);
    ASSERT_TRUE(usual) << usual.error().message;
    EXPECT_EQ((*usual)->access_key().text(), "FILEKEY");
    EXPECT_EQ((*usual)->session_token(), "hid/token");
    EXPECT_EQ(s3::signature((*usual)->key(scope), "text"), by_hidden);
    const auto prod = load_store_signing(settings_of(source, "prod"), inputs);
    ASSERT_TRUE(prod) << prod.error().message;
    EXPECT_EQ((*prod)->access_key().text(), "PRODKEY");
    EXPECT_EQ((*prod)->session_token(), "");
    EXPECT_EQ(s3::signature((*prod)->key(scope), "text"), by_hidden2);
}

TEST_F(Sources, give_the_credentials_of_an_environment) {
    set("SIGNING_TEST_ACCESS_KEY_ID", "ENVKEY");
    set("SIGNING_TEST_SECRET_ACCESS_KEY", "hidden");
    const auto settings = settings_of({Kind::environment, "SIGNING_TEST", ""});
    std::string inputs;
    const auto without_token = load_store_signing(settings, inputs);
    ASSERT_TRUE(without_token) << without_token.error().message;
    EXPECT_EQ((*without_token)->access_key().text(), "ENVKEY");
    EXPECT_EQ((*without_token)->session_token(), "");
    EXPECT_EQ(s3::signature((*without_token)->key(scope), "text"), by_hidden);
    set("SIGNING_TEST_SESSION_TOKEN", "hid/token");
    EXPECT_EQ((*load_store_signing(settings, inputs))->session_token(), "hid/token");
}

TEST_F(Sources, give_the_credentials_of_systemd) {
    written("store", file_text);
    set("CREDENTIALS_DIRECTORY", folder_.string());
    std::string inputs;
    const auto loaded = load_store_signing(settings_of({Kind::credential, "store", ""}), inputs);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ((*loaded)->access_key().text(), "FILEKEY");
}

/// By them a reload sees that something has changed; secrets themselves must not be kept for that.
TEST_F(Sources, are_digested_into_the_inputs) {
    const auto inputs_of = [&](const std::string& text) {
        std::string inputs = "before ";
        (void)load_store_signing(settings_of({Kind::file, "", written("credentials", text)}), inputs);
        return inputs;
    };
    const std::string inputs = inputs_of(file_text);
    EXPECT_THAT(inputs, testing::StartsWith("before "));
    EXPECT_GT(inputs.size(), 7U + 31U);
    EXPECT_THAT(inputs, Not(HasSubstr("hid")));
    EXPECT_EQ(inputs_of(file_text), inputs);
    EXPECT_NE(inputs_of(std::string(file_text) + "\n"), inputs);
}

TEST_F(Sources, tell_where_a_fault_is_and_no_secret) {
    using std::filesystem::perms;
    const auto fault_of = [](const ResignSettings& settings) {
        std::string inputs;
        const auto loaded = load_store_signing(settings, inputs);
        return loaded ? "none" : loaded.error().message;
    };
    const auto of_file = [&](const std::filesystem::path& file, const std::string& profile = "default") {
        return fault_of(settings_of({Kind::file, "", file}, profile));
    };
    const std::string file = (folder_ / "c").string();
    const std::string place = "store.resign.credentials: " + file;
    EXPECT_EQ(of_file(written("c", file_text), "stage"), place + ":1: there is no profile [stage]");
    EXPECT_EQ(of_file(written("c", "[default]\naws_access_key_id=A\naws_access_key_id=A\n")),
              place + ":3: aws_access_key_id stands twice");
    EXPECT_EQ(of_file(written("c", "[default]\nhidden\n")),
              place + ":2: is neither [profile] nor name = value");
    EXPECT_THAT(of_file(written("c", "[default]\naws_access_key_id=A/B\naws_secret_access_key=hidden\n")),
                testing::AllOf(testing::StartsWith(place + ":1: profile [default]: the access key: "),
                               Not(HasSubstr("hid"))));
    const std::string whole(file_text);
    EXPECT_THAT(of_file(written("c", whole.substr(0, whole.size() - 1))),
                HasSubstr("does not end with a line feed"));
    EXPECT_THAT(of_file(written("c", file_text, perms::owner_read | perms::group_read)), HasSubstr(file));
    EXPECT_THAT(of_file(written("c", file_text, perms::owner_read | perms::others_read)), HasSubstr(file));
    EXPECT_THAT(of_file(folder_ / "none"), HasSubstr("none"));

    const auto environment = settings_of({Kind::environment, "SIGNING_TEST", ""});
    const std::string begin = "store.resign.credentials: ";
    EXPECT_EQ(fault_of(environment), begin + "the environment has no SIGNING_TEST_ACCESS_KEY_ID");
    set("SIGNING_TEST_ACCESS_KEY_ID", "ENVKEY");
    EXPECT_EQ(fault_of(environment), begin + "the environment has no SIGNING_TEST_SECRET_ACCESS_KEY");
    set("SIGNING_TEST_SECRET_ACCESS_KEY", "hid\x01");
    EXPECT_THAT(fault_of(environment),
                testing::AllOf(testing::StartsWith(begin + "SIGNING_TEST_*: the secret key: "),
                               Not(HasSubstr("hid"))));
    set("SIGNING_TEST_SECRET_ACCESS_KEY", "hidden");
    set("SIGNING_TEST_SESSION_TOKEN", "hid den");
    EXPECT_THAT(fault_of(environment),
                testing::AllOf(testing::StartsWith(begin + "SIGNING_TEST_*: the session token"),
                               Not(HasSubstr("hid"))));
}

}  // namespace
}  // namespace sallyport::gateway
