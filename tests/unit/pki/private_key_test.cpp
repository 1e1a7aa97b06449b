#include "pki/private_key.h"

#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/key.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

constexpr const char* passphrase = "correct horse battery";

/// A folder with the passphrase in `pass` and another in `wrong`.
class PrivateKeyFile : public testing::Test {
  protected:
    PrivateKeyFile() {
        EXPECT_TRUE(replace_file(folder.path() / "pass", std::string(passphrase) + "\n", 0600));
        EXPECT_TRUE(replace_file(folder.path() / "wrong", "some other passphrase\n", 0600));
    }
    Result<KeyPtr> open(const std::string& path, const char* source = "pass") const {
        return open_private_key(KeyReference::parse(path).value(),
                                PassphraseSource::file(folder.path() / source));
    }
    void expect_success(const std::string& command) const {
        const auto finished = test::run("cd " + folder.path().string() + " && umask 077 && " + command);
        EXPECT_EQ(finished.status, 0) << command << '\n' << finished.output;
    }

    sallyport::test::TemporaryFolder folder;
};

TEST_F(PrivateKeyFile, that_we_encrypt_is_read_by_openssl_gnutls_and_us) {
    for (const bool rsa : {true, false}) {
        KeyPtr key = rsa ? std::move(*generate_rsa_key()) : KeyPtr(EVP_EC_gen("P-256"));
        const std::string path = folder.path() / "ours.pem";
        ASSERT_TRUE(write_encrypted_key(path, *key, Secret(std::string(passphrase))));
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0600});
        const auto again = open(path);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(EVP_PKEY_eq(key.get(), again->get()), 1);

        expect_success("openssl pkey -in ours.pem -passin file:pass -check -noout");
        expect_success("certtool --key-info --infile ours.pem --password '" + std::string(passphrase) + "'");
        const auto structure = test::run("openssl asn1parse -in " + path);
        for (const char* part : {"PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", "0927C0"}) {  // 600,000
            EXPECT_NE(structure.output.find(part), std::string::npos) << part << '\n' << structure.output;
        }
    }
}

TEST_F(PrivateKeyFile, that_others_encrypt_is_read) {
    const char* const commands[] = {
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass file:pass -out key.pem",
        "openssl genrsa -aes256 -passout file:pass -out key.pem 2048",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem &&"
        " openssl pkcs8 -topk8 -scrypt -in plain.pem -passout file:pass -out key.pem",
        "certtool --generate-privkey --key-type ecdsa --pkcs8 --pkcs-cipher aes-256 --password \"$(cat "
        "pass)\""
        " --outfile key.pem",
    };
    for (const char* command : commands) {
        expect_success(std::string("rm -f key.pem; ") + command + " && grep -q 'BEGIN ENCRYPTED' key.pem");
        expect_success("chmod 600 key.pem");
        const auto key = open(folder.path() / "key.pem");
        ASSERT_TRUE(key) << command << key.error().message;
        const auto wrong = open(folder.path() / "key.pem", "wrong");
        ASSERT_FALSE(wrong) << command;
        EXPECT_EQ(wrong.error().message,
                  (folder.path() / "key.pem").string() + ": a wrong passphrase, or the file is damaged");
        EXPECT_EQ(wrong.error().fault, Fault::input);
    }
}

TEST_F(PrivateKeyFile, that_is_plain_needs_no_passphrase) {
    expect_success("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem");
    EXPECT_TRUE(open(folder.path() / "plain.pem", "there-is-no-such-file"));
}

TEST_F(PrivateKeyFile, is_refused_when_others_read_it_or_its_form_is_bad) {
    expect_success(
        "openssl genrsa -aes256 -passout file:pass -out good.pem 2048"
        " && openssl rsa -in good.pem -passin file:pass -traditional -aes256 -passout file:wrong -out old.pem"
        " && cat good.pem good.pem >two.pem && head -n 20 good.pem >cut.pem"
        " && cp good.pem lax.pem && chmod 640 lax.pem");
    const std::pair<const char*, const char*> cases[] = {
        {"old.pem", ": encrypted in OpenSSL's old form"},
        {"two.pem", ": not one whole private key"},
        {"cut.pem", ": not one whole private key"},
        {"lax.pem", ": others may read this secret (mode 0640)"},
        {"none.pem", ": cannot open: No such file or directory"},
        {"pass", ": not an unencrypted PEM private key"},
    };
    for (const auto& [name, message] : cases) {
        const auto key = open(folder.path() / name);
        ASSERT_FALSE(key) << name;
        EXPECT_EQ(key.error().fault, Fault::input) << name;
        EXPECT_TRUE(key.error().message.starts_with((folder.path() / name).string() + message))
            << key.error().message;
    }
}

TEST_F(PrivateKeyFile, must_be_the_key_of_the_certificate) {
    const KeyPtr own(EVP_EC_gen("P-256"));
    const KeyPtr other(EVP_EC_gen("P-256"));
    const CertificatePtr certificate(X509_new());
    X509_set_pubkey(certificate.get(), own.get());
    const auto source = PassphraseSource::file(folder.path() / "pass");
    for (const auto& [key, fits] : {std::pair(own.get(), true), {other.get(), false}}) {
        ASSERT_TRUE(write_encrypted_key(folder.path() / "key.pem", *key, Secret(std::string(passphrase))));
        const auto opened = open_private_key(
            KeyReference::parse((folder.path() / "key.pem").string()).value(), source, *certificate);
        EXPECT_EQ(opened.has_value(), fits);
        if (!opened) {
            EXPECT_NE(opened.error().message.find("not the key of the certificate"), std::string::npos);
        }
    }
}

TEST(PrivateKey, wants_a_long_passphrase) {
    const KeyPtr key(EVP_EC_gen("P-256"));
    EXPECT_FALSE(encrypt_private_key(*key, Secret(std::string(11, 'x'))));
    EXPECT_TRUE(encrypt_private_key(*key, Secret(std::string(12, 'x'))));
    EXPECT_TRUE(encrypt_private_key(*key, Secret(std::string(1023, 'x'))));
    EXPECT_FALSE(encrypt_private_key(*key, Secret(std::string(1024, 'x'))));
}

}  // namespace
}  // namespace sallyport::pki
