#include "gateway/credential.h"

#include "pki/file.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
    std::filesystem::path path;
    std::vector<std::string> faults;
};

/// `yaml` is what stands in the braces of a mapping.
Read read(const std::string& yaml) {
    config::Faults faults("gateway.yaml");
    const auto node = config::parse_yaml("{" + yaml + "}", faults);
    config::MapReader map(node.value(), "certificate", faults);
    auto path = read_file_or_credential(map, "key", ConfigurationPaths("/dev/gateway.yaml"));
    map.finish();
    return {std::move(path), faults.messages()};
}

class Credential : public testing::Test {
  protected:
    ~Credential() override {
        ::unsetenv("CREDENTIALS_DIRECTORY");
        std::filesystem::remove_all(folder_);
    }
    void put(const std::string& name, unsigned mode) const {
        std::filesystem::create_directories(folder_);
        ASSERT_TRUE(pki::replace_file(folder_ / name, "the key", mode));
    }
    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("credentials-" + std::to_string(::getpid()));
};

TEST_F(Credential, stands_in_the_place_of_a_file) {
    ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x.service", 1);
    EXPECT_EQ(read("key: zero").path, "/dev/zero");
    EXPECT_EQ(read("key: {credential: server.key}").path, "/run/credentials/x.service/server.key");
    EXPECT_THAT(read("key: {credential: server.key}").faults, ElementsAre()) << "though it is not there";
}

TEST_F(Credential, is_missed_only_when_it_is_read) {
    const Read found = read("key: {credential: server.key}");
    EXPECT_THAT(found.faults, ElementsAre());
    const auto text = read_key_text(found.path, 100);
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().message, HasSubstr("$CREDENTIALS_DIRECTORY/server.key: cannot open"));
}

TEST_F(Credential, has_a_name_and_nothing_else) {
    EXPECT_THAT(read("other: 1").faults, ElementsAre(HasSubstr("'key' is missing"), HasSubstr("'other'")));
    EXPECT_THAT(read("key: no-such-file").faults, ElementsAre(HasSubstr("no-such-file does not exist")));
    EXPECT_THAT(read("key: {credential: ../server.key}").faults,
                ElementsAre(HasSubstr("'../server.key' is no name")));
    EXPECT_THAT(read("key: {file: server.key}").faults,
                ElementsAre(HasSubstr("'credential' is missing"), HasSubstr("unknown key 'file'")));
    EXPECT_THAT(read("key: [server.key]").faults, ElementsAre(HasSubstr("key: ")));
}

TEST_F(Credential, may_have_the_mode_that_its_acl_shows) {
    put("server.key", 0440);
    const auto as_file = read_key_text(folder_ / "server.key", 100);
    ASSERT_FALSE(as_file);
    EXPECT_THAT(as_file.error().message, HasSubstr("others may read this secret (mode 0440)"));
    ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
    const auto as_credential = read_key_text(folder_ / "server.key", 100);
    ASSERT_TRUE(as_credential) << as_credential.error().message;
    EXPECT_EQ(*as_credential, "the key");
}

}  // namespace
}  // namespace sallyport::gateway
