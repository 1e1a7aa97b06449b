#include "gateway/secret_source.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using Kind = SecretSource::Kind;

struct Read {
    SecretSource source;
    std::vector<std::string> faults;
};

/// `yaml` is what stands in the braces of a mapping.
Read read(const std::string& yaml) {
    config::Faults faults("gateway.yaml");
    const auto node = config::parse_yaml("{" + yaml + "}", faults);
    config::MapReader map(node.value(), "secrets", faults);
    SecretSource source = read_secret_source(map, ConfigurationPaths("/dev/gateway.yaml"));
    map.finish();
    return {std::move(source), faults.messages()};
}

TEST(SecretSource, is_one_of_three) {
    EXPECT_EQ(read("file: zero").source, (SecretSource{Kind::file, "", "/dev/zero"}))
        << "beside the configuration";
    EXPECT_EQ(read("file: /dev/null").source, (SecretSource{Kind::file, "", "/dev/null"}));
    EXPECT_EQ(read("environment: STORE").source, (SecretSource{Kind::environment, "STORE", ""}));
    EXPECT_EQ(read("credential: store.keys").source, (SecretSource{Kind::credential, "store.keys", ""}));
    EXPECT_EQ((SecretSource{Kind::file, "", "/dev/null"}).origin(), "/dev/null");
    EXPECT_EQ((SecretSource{Kind::environment, "STORE", ""}).origin(), "STORE");
}

struct FaultCase {
    const char* yaml;
    const char* fault;
};

TEST(SecretSource, is_told_with_its_place_when_it_is_none) {
    const FaultCase cases[] = {
        {"", "gateway.yaml:1:1: secrets: one of file, environment and credential is needed"},
        {"environment: A, credential: b",
         "gateway.yaml:1:1: secrets: one of file, environment and credential is needed"},
        {"file: /dev/null, environment: A",
         "gateway.yaml:1:1: secrets: one of file, environment and credential is needed"},
        {"credential: ../b", "gateway.yaml:1:14: secrets: credential: '../b' is no name"},
        {"environment: /etc/x", "gateway.yaml:1:15: secrets: environment: '/etc/x' is no name"},
        {"environment: ''", "gateway.yaml:1:15: secrets: environment: must not be empty"},
        {"secret: hidden", "unknown key 'secret'"},
    };
    for (const FaultCase& row : cases)
        EXPECT_THAT(read(row.yaml).faults, testing::Contains(testing::HasSubstr(row.fault))) << row.yaml;
}

TEST(SecretText, is_read_whole_from_its_owners_file_only) {
    using std::filesystem::perms;
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("secret_source_test." + std::to_string(getpid()));
    const auto text_of = [&](const std::string& text, perms mode) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
        std::filesystem::permissions(file, mode);
        const auto got = read_secret_text({Kind::file, "", file});
        return got ? *got : "!" + got.error().message;
    };
    const perms own = perms::owner_read | perms::owner_write;
    EXPECT_EQ(text_of("a secret\n", own), "a secret\n");
    EXPECT_EQ(text_of("", own), "");
    EXPECT_THAT(text_of("a secret", own),
                testing::AllOf(testing::EndsWith(": does not end with a line feed: is it whole?"),
                               testing::Not(testing::HasSubstr("a secret"))));
    for (const perms more : {perms::group_read, perms::group_write, perms::others_read, perms::others_exec})
        EXPECT_THAT(text_of("a secret\n", own | more), testing::StartsWith("!"))
            << static_cast<unsigned>(more);
    std::filesystem::remove(file);
    EXPECT_FALSE(read_secret_text({Kind::file, "", file}));
    EXPECT_FALSE(read_secret_text({Kind::file, "", file.parent_path()})) << "a folder";
}

TEST(SecretText, comes_from_a_variable_or_from_systemd) {
    unsetenv("SECRET_SOURCE_TEST");
    EXPECT_EQ(read_secret_text({Kind::environment, "SECRET_SOURCE_TEST", ""}).error().message,
              "the environment has no SECRET_SOURCE_TEST");
    setenv("SECRET_SOURCE_TEST", "no line feed", 1);
    EXPECT_EQ(*read_secret_text({Kind::environment, "SECRET_SOURCE_TEST", ""}), "no line feed");
    unsetenv("SECRET_SOURCE_TEST");
    unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_EQ(read_secret_text({Kind::credential, "store", ""}).error().message,
              "CREDENTIALS_DIRECTORY is not set: no credentials of systemd");
}

}  // namespace
}  // namespace sallyport::gateway
