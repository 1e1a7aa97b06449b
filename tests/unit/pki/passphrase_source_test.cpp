#include "pki/passphrase_source.h"

#include "pki/file.h"
#include "tests/support/temporary_folder.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

std::string text_or_error(const Result<Secret>& secret) {
    return secret ? std::string(secret->reveal()) : "error: " + secret.error().message;
}

TEST(PassphraseSource, is_written_as_one_of_four_forms) {
    using Kind = PassphraseSource::Kind;
    const std::pair<const char*, Kind> good[] = {{"terminal", Kind::terminal},
                                                 {"file:/run/pin", Kind::file},
                                                 {"file:pin:2", Kind::file},
                                                 {"env:PIN", Kind::environment},
                                                 {"credential:ca-pin", Kind::credential}};
    for (const auto& [text, kind] : good) {
        const auto source = PassphraseSource::parse(text);
        ASSERT_TRUE(source) << text;
        EXPECT_EQ(source->kind(), kind) << text;
        EXPECT_EQ(source->unattended(), kind != Kind::terminal) << text;
    }
    for (const char* text : {"", "secret", "pass:secret", "file:", "env:", "env:A=B", "credential:",
                             "credential:a/b", "credential:..", "terminal:", "FILE:/pin", "stdin"}) {
        const auto source = PassphraseSource::parse(text);
        ASSERT_FALSE(source) << text;
        EXPECT_EQ(source.error().message.find("secret"), std::string::npos);
    }
}

struct FileCase {
    const char* name;
    std::string content;
    unsigned mode;
    std::string expected;  ///< {} is the path
};

TEST(PassphraseSource, reads_the_first_line_of_a_private_file) {
    const sallyport::test::TemporaryFolder folder;
    const std::string control = "error: {}: a control character in the passphrase or PIN";
    const FileCase cases[] = {
        {"a line", "123456\n", 0600, "123456"},
        {"the first of several", "123456\nother\n", 0600, "123456"},
        {"blanks count", " a b \n", 0400, " a b "},
        {"bytes above ASCII", "gr\xc3\xbc\xc3\x9f\n", 0600, "gr\xc3\xbc\xc3\x9f"},
        {"the longest", std::string(1023, 'x') + "\n", 0600, std::string(1023, 'x')},
        {"one more", std::string(1024, 'x') + "\n", 0600,
         "error: {}: a passphrase or PIN has at most 1023 bytes"},
        {"empty line", "\n123456\n", 0600, "error: {}: the passphrase or PIN is empty"},
        {"cut", "1234", 0600, "error: {}: its first line does not end with a line feed: is it whole?"},
        {"empty", "", 0600, "error: {}: its first line does not end with a line feed: is it whole?"},
        {"of Windows", "123456\r\n", 0600, control},
        {"a NUL", std::string("12\0", 3) + "34\n", 0600, control},
        {"others may read", "123456\n", 0644,
         "error: {}: others may read this secret (mode 0644); run chmod 600 {}"},
        {"the group may", "123456\n", 0640,
         "error: {}: others may read this secret (mode 0640); run chmod 600 {}"},
    };
    for (const FileCase& one : cases) {
        const std::string path = folder.path() / "pin";
        ASSERT_TRUE(replace_file(path, one.content, one.mode));
        std::string expected = one.expected;
        for (auto at = expected.find("{}"); at != expected.npos; at = expected.find("{}"))
            expected.replace(at, 2, path);
        EXPECT_EQ(text_or_error(PassphraseSource::file(path).read("PIN")), expected) << one.name;
    }
    const auto missing = PassphraseSource::file(folder.path() / "none").read("PIN");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().fault, Fault::input);
}

TEST(PassphraseSource, reads_variables_and_credentials) {
    const sallyport::test::TemporaryFolder folder;
    ASSERT_TRUE(replace_file(folder.path() / "pin", "from systemd", 0440));  // as its ACLs show
    const auto variable = PassphraseSource::parse("env:SALLYPORT_TEST_PIN");
    const auto credential = PassphraseSource::parse("credential:pin");
    ::unsetenv("SALLYPORT_TEST_PIN");
    ::unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_EQ(text_or_error(variable->read("PIN")), "error: the environment has no SALLYPORT_TEST_PIN");
    EXPECT_EQ(text_or_error(credential->read("PIN")),
              "error: CREDENTIALS_DIRECTORY is not set: no credentials of systemd");
    ::setenv("SALLYPORT_TEST_PIN", "123456", 1);
    ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
    EXPECT_EQ(text_or_error(variable->read("PIN")), "123456");
    EXPECT_EQ(text_or_error(credential->read("PIN")), "from systemd");
    ::unsetenv("SALLYPORT_TEST_PIN");
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(PassphraseSource, wants_new_passphrases_to_be_long) {
    const auto source = PassphraseSource::parse("env:SALLYPORT_TEST_NEW");
    ::setenv("SALLYPORT_TEST_NEW", "eleven char", 1);
    EXPECT_EQ(text_or_error(source->read_new("New passphrase")),
              "error: New passphrase: a new passphrase has at least 12 bytes");
    EXPECT_EQ(text_or_error(source->read("Passphrase")), "eleven char");
    ::setenv("SALLYPORT_TEST_NEW", "twelve chars", 1);
    EXPECT_EQ(text_or_error(source->read_new("New passphrase")), "twelve chars");
    ::unsetenv("SALLYPORT_TEST_NEW");
}

TEST(Secret, is_gone_from_what_it_was_taken_from) {
    for (std::string text : {std::string("short"), std::string(100, 'x')}) {
        const std::string copy = text;
        Secret secret(std::move(text));
        // The second byte: a move itself ends a text, but leaves what stands behind.
        EXPECT_EQ(text.data()[1], '\0');  // NOLINT(bugprone-use-after-move): that is the question
        Secret other;
        other = std::move(secret);
        EXPECT_EQ(other.reveal(), copy);
        EXPECT_TRUE(secret.reveal().empty());  // NOLINT(bugprone-use-after-move)
        EXPECT_EQ(secret.reveal().data()[1], '\0');
    }
}

}  // namespace
}  // namespace sallyport::pki
