#include "pki/certificate.h"
#include "pki/crl_writer.h"
#include "pki/file.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/private_key.h"
#include "tests/support/soft_token.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;

/// SoftHSM with the token "fleet", its PIN in the file `pin` and a wrong one in `wrong`.
class Pkcs11Key : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reference = KeyReference::parse("pkcs11:token=fleet");
            !reference && reference.error().message.find("built without PKCS#11") != std::string::npos) {
            GTEST_SKIP() << "no PKCS#11 in this build";
        }
        tokens.make("fleet", "123456");
        ASSERT_TRUE(replace_file(tokens.file("pin"), "123456\n", 0600));
        ASSERT_TRUE(replace_file(tokens.file("wrong"), "654321\n", 0600));
    }

    Result<KeyPtr> open(const std::string& attributes, const char* pin = "pin") const {
        return open_uri(tokens.uri(attributes), pin);
    }
    Result<KeyPtr> open_uri(const std::string& uri, const char* pin = "pin") const {
        return open_private_key(KeyReference::parse(uri).value(), PassphraseSource::file(tokens.file(pin)));
    }
    Result<KeyPtr> generate(const std::string& attributes,
                            KeyAlgorithm algorithm = KeyAlgorithm::p256) const {
        return generate_in_token(KeyReference::parse(tokens.uri(attributes)).value(), algorithm,
                                 PassphraseSource::file(tokens.file("pin")));
    }
    std::string error_of(const std::string& attributes, const char* pin = "pin") const {
        const auto key = open(attributes, pin);
        return key ? "" : key.error().message;
    }

    test::SoftTokens tokens;
};

CertificatePtr make_authority(EVP_PKEY& key) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    auto made = issue_certificate({CertificateRole::root_authority,
                                   {"Test", "Root in a token"},
                                   generate_serial().value(),
                                   {now - 1h, now + 24h},
                                   {},
                                   ""},
                                  key, nullptr);
    return std::move(made.value());
}

bool signs(EVP_PKEY& key) {
    const DigestContextPtr context(EVP_MD_CTX_new());
    const unsigned char text[] = "abc";
    unsigned char signature[512];
    std::size_t size = sizeof signature;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, &key) != 1 ||
        EVP_DigestSign(context.get(), signature, &size, text, sizeof text) != 1) {
        return false;
    }
    const DigestContextPtr verify(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(verify.get(), nullptr, EVP_sha256(), nullptr, &key) == 1 &&
           EVP_DigestVerify(verify.get(), signature, size, text, sizeof text) == 1;
}

TEST_F(Pkcs11Key, signs_certificates_and_crls_that_openssl_verifies) {
    for (const KeyAlgorithm algorithm : {KeyAlgorithm::rsa_2048, KeyAlgorithm::p256}) {
        const std::string label = algorithm == KeyAlgorithm::p256 ? "ec" : "rsa";
        ASSERT_TRUE(generate("token=fleet;object=" + label + ";id=%01" + label, algorithm));
        const auto key = open("token=fleet;object=" + label);
        ASSERT_TRUE(key) << key.error().message;
        const auto root = make_authority(**key);
        const KeyPtr device_key(EVP_EC_gen("P-256"));
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        const Signer signer{root.get(), key->get()};
        const auto device = issue_certificate({CertificateRole::device_authority,
                                               {"Test", "Devices"},
                                               generate_serial().value(),
                                               {now - 1h, now + 1h},
                                               {},
                                               ""},
                                              *device_key, &signer);
        ASSERT_TRUE(device) << device.error().message;
        CrlWriter writer;
        ASSERT_TRUE(writer.add({"\x05", now, CrlReason::key_compromise}));
        const auto crl = std::move(writer).sign({7, now, now + 1h}, signer);
        ASSERT_TRUE(crl) << crl.error().message;

        const auto* der = reinterpret_cast<const unsigned char*>(crl->data());
        const CrlPtr object(d2i_X509_CRL(nullptr, &der, static_cast<long>(crl->size())));
        EXPECT_GT(X509_CRL_sign(object.get(), key->get(), EVP_sha256()), 0);
        EXPECT_EQ(X509_CRL_verify(object.get(), X509_get0_pubkey(root.get())), 1);

        X509* const roots[] = {root.get()};
        X509* const devices[] = {device->get()};
        ASSERT_TRUE(replace_file(tokens.file("root.pem"), *write_certificates(roots), 0644));
        ASSERT_TRUE(replace_file(tokens.file("device.pem"), *write_certificates(devices), 0644));
        ASSERT_TRUE(replace_file(tokens.file("crl.pem"), write_crl_pem(*crl), 0644));
        const auto verified = test::run("openssl verify -x509_strict -CAfile " + tokens.file("root.pem") +
                                        ' ' + tokens.file("device.pem"));
        EXPECT_EQ(verified.status, 0) << verified.output;
        const auto listed = test::run("openssl crl -noout -crlnumber -CAfile " + tokens.file("root.pem") +
                                      " -in " + tokens.file("crl.pem"));
        EXPECT_NE(listed.output.find("verify OK"), std::string::npos) << listed.output;
    }
}

TEST_F(Pkcs11Key, never_leaves_its_token) {
    const auto key = generate("token=fleet;object=root");
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_TRUE(is_in_token(**key));
    EXPECT_FALSE(encrypt_private_key(**key, Secret(std::string("correct horse battery"))));
    const std::string listed =
        tokens.tool("--token-label fleet --login --pin 123456 --list-objects --type privkey");
    EXPECT_NE(listed.find("sensitive, always sensitive, never extractable, local"), std::string::npos)
        << listed;
    EXPECT_NE(listed.find("Usage:      sign\n"), std::string::npos) << listed;
}

TEST_F(Pkcs11Key, is_generated_in_each_size) {
    const std::pair<KeyAlgorithm, int> cases[] = {
        {KeyAlgorithm::rsa_2048, 2048}, {KeyAlgorithm::rsa_3072, 3072}, {KeyAlgorithm::p256, 256}};
    for (const auto& [algorithm, bits] : cases) {
        const auto key = generate("token=fleet;object=k" + std::to_string(bits), algorithm);
        ASSERT_TRUE(key) << key.error().message;
        EXPECT_EQ(EVP_PKEY_get_bits(key->get()), bits);
        EXPECT_TRUE(signs(**key)) << bits;
    }
    const auto again = generate("token=fleet;object=k256");
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find("the token 'fleet' has a key of this label or id already"),
              std::string::npos);
    const auto nameless = generate("token=fleet");
    ASSERT_FALSE(nameless);
    EXPECT_NE(nameless.error().message.find("a new key needs a label"), std::string::npos);
}

TEST_F(Pkcs11Key, that_another_program_made_is_found_by_label_or_id) {
    tokens.tool(
        "--token-label fleet --login --pin 123456 --keypairgen --key-type EC:prime256v1 --label one --id 0a");
    tokens.tool(
        "--token-label fleet --login --pin 123456 --keypairgen --key-type EC:prime256v1 --label two --id 0b");
    tokens.tool(
        "--token-label fleet --login --pin 123456 --keypairgen --key-type EC:prime256v1 --label two --id 0c");
    for (const char* attributes :
         {"token=fleet;object=one", "token=fleet;id=%0a", "token=fleet;object=two;id=%0B",
          "token=fleet;manufacturer=SoftHSM%20project;object=one;type=private"}) {
        const auto key = open(attributes);
        ASSERT_TRUE(key) << key.error().message;
        EXPECT_TRUE(signs(**key)) << attributes;
    }
    EXPECT_NE(error_of("token=fleet;object=two")
                  .find("several private keys fit: object=two;id=%0b, object=two;id=%0c; add the id of one"),
              std::string::npos)
        << error_of("token=fleet;object=two");
    EXPECT_NE(error_of("token=fleet;object=three").find("no such private key in the token 'fleet'"),
              std::string::npos);
    EXPECT_NE(error_of("token=fleet;object=one;id=%0b").find("no such private key"), std::string::npos);
}

TEST_F(Pkcs11Key, has_an_id_of_its_own) {
    ASSERT_TRUE(generate("token=fleet;object=one;id=%0a"));
    const auto same = generate("token=fleet;object=two;id=%0a");
    ASSERT_FALSE(same);
    EXPECT_NE(same.error().message.find("has a key of this label or id already"), std::string::npos);
    tokens.tool(
        "--token-label fleet --login --pin 123456 --keypairgen --key-type EC:prime256v1 --label two --id 0a");
    const std::string error = error_of("token=fleet;object=one");
    EXPECT_NE(error.find("several keys have the id %0a"), std::string::npos) << error;
}

TEST_F(Pkcs11Key, without_a_public_half_is_of_no_use_with_ec) {
    ASSERT_TRUE(generate("token=fleet;object=one;id=%0a"));
    tokens.tool("--token-label fleet --login --pin 123456 --delete-object --type pubkey --id 0a");
    const std::string error = error_of("token=fleet;object=one");
    EXPECT_NE(error.find("does not tell its public half"), std::string::npos) << error;
}

TEST_F(Pkcs11Key, is_not_opened_with_a_wrong_pin) {
    ASSERT_TRUE(generate("token=fleet;object=root"));
    const auto refused = open("token=fleet;object=root", "wrong");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::input);
    EXPECT_EQ(refused.error().message,
              "the token 'fleet': wrong PIN; more wrong ones will lock a token that counts them");
    EXPECT_EQ(error_of("token=fleet;object=root", "wrong"),
              "the token 'fleet': this PIN was wrong before, so it is not sent again");
    EXPECT_TRUE(open("token=fleet;object=root"));
}

TEST_F(Pkcs11Key, is_sought_in_one_token_only) {
    EXPECT_NE(error_of("token=other;object=root", "no-pin-is-read").find("no such token: is it plugged in?"),
              std::string::npos);
    EXPECT_NE(error_of("token=fleet;serial=0;object=root", "no-pin-is-read").find("no such token"),
              std::string::npos);
    tokens.make("depot", "123456");
    const std::string several = error_of("object=root", "no-pin-is-read");
    EXPECT_NE(several.find("several tokens fit: '"), std::string::npos) << several;
    EXPECT_NE(several.find("add its serial"), std::string::npos) << several;
}

TEST_F(Pkcs11Key, asks_for_one_pin_for_all_keys_of_a_token) {
    ASSERT_TRUE(generate("token=fleet;object=root"));
    ASSERT_TRUE(generate("token=fleet;object=devices"));
    auto root = open("token=fleet;object=root");
    const auto devices = open("token=fleet;object=devices", "no-pin-is-read");
    ASSERT_TRUE(root && devices);
    ASSERT_TRUE(generate("token=fleet;object=servers")) << "while others are open";
    const auto servers = open("token=fleet;object=servers", "no-pin-is-read");
    ASSERT_TRUE(servers) << servers.error().message;
    EXPECT_TRUE(signs(**root) && signs(**devices) && signs(**servers));
    root->reset();
    EXPECT_TRUE(signs(**devices) && signs(**servers)) << "when the first has gone";
}

TEST_F(Pkcs11Key, takes_the_pin_from_where_the_uri_says) {
    ASSERT_TRUE(generate("token=fleet;object=root"));
    for (const char* scheme : {"file:", "file://", ""}) {
        const auto key =
            open_uri(tokens.uri("token=fleet;object=root") + "&pin-source=" + scheme + tokens.file("pin"),
                     "no-pin-is-read");
        EXPECT_TRUE(key) << key.error().message;
    }
}

TEST_F(Pkcs11Key, lives_as_long_as_anybody_holds_it) {
    KeyPtr key = std::move(generate("token=fleet;object=root").value());
    EVP_PKEY_up_ref(key.get());
    const KeyPtr other(key.get());
    key.reset();
    EXPECT_TRUE(signs(*other));
}

TEST_F(Pkcs11Key, signs_in_several_threads_while_others_come_and_go) {
    ASSERT_TRUE(generate("token=fleet;object=root"));
    const auto key = open("token=fleet;object=root");
    ASSERT_TRUE(key);
    std::atomic<int> failures = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 20; ++j) {
                if (!signs(**key)) ++failures;
            }
        });
    }
    threads.emplace_back([&] {
        for (int j = 0; j < 20; ++j) {
            const auto another = open("token=fleet;object=root");
            if (!another || !signs(**another)) ++failures;
        }
    });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(failures, 0);
}

TEST_F(Pkcs11Key, is_found_through_p11_kit_where_the_uri_names_no_module) {
    ASSERT_TRUE(generate("token=fleet;object=root"));
    const auto key = open_uri("pkcs11:token=fleet;object=root");
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_TRUE(signs(**key));
}

TEST_F(Pkcs11Key, needs_a_module_that_is_one) {
    const auto missing = open_uri("pkcs11:token=fleet?module-path=/no/such/module.so");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().fault, Fault::input);
    EXPECT_NE(missing.error().message.find("cannot load the PKCS#11 module: /no/such/module.so"),
              std::string::npos)
        << missing.error().message;
    const auto other = open_uri("pkcs11:token=fleet?module-path=/lib/x86_64-linux-gnu/libz.so.1");
    ASSERT_FALSE(other);
}

TEST_F(Pkcs11Key, has_a_uri_that_is_understood_whole) {
    const std::pair<const char*, const char*> cases[] = {
        {"pkcs11:token=fleet;colour=red", "' is not known here"},
        {"pkcs11:token=fleet?x-colour=red", "' is not known here"},
        {"pkcs11:token=fleet;library-version=1", "' is not known here"},
        {"pkcs11:token=fleet?pin-value=123456", "pin-value is refused"},
        {"pkcs11:token=fleet?pin-source=%7c/bin/true", "pin-source must be the absolute path"},
        {"pkcs11:token=fleet?pin-source=pin", "pin-source must be the absolute path"},
        {"pkcs11:token=fleet?module-path=softhsm.so", "module-path must be absolute"},
        {"pkcs11:token=fleet?module-name=softhsm", "the attribute 'module-name' is not known here"},
        {"pkcs11:token=fleet;type=cert", "its type is not private"},
        {"pkcs11:token=fleet;object=a;object=b", "two attributes object"},
        {"pkcs11:token=%zz", "the pkcs11: URI of a key: "},
        {"pkcs11:token", "the pkcs11: URI of a key: "},
    };
    for (const auto& [uri, message] : cases) {
        const auto reference = KeyReference::parse(uri);
        ASSERT_FALSE(reference) << uri;
        EXPECT_NE(reference.error().message.find(message), std::string::npos) << reference.error().message;
        EXPECT_EQ(reference.error().message.find("123456"), std::string::npos);
    }
    EXPECT_TRUE(KeyReference::parse("pkcs11:").value().in_token());
    EXPECT_FALSE(KeyReference::parse("pkcs11/root.key").value().in_token());
}

}  // namespace
}  // namespace sallyport::pki
