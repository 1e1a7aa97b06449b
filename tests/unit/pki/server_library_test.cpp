#include "pki/server_library.h"

#include "pki/chain_verifier.h"
#include "pki/tls_server.h"
#include "tests/support/certificates.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

using namespace std::string_view_literals;

KeyPtr generate(const char* type, const std::function<void(EVP_PKEY_CTX*)>& prepare = {}) {
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    EVP_PKEY_keygen_init(context.get());
    if (prepare) prepare(context.get());
    EVP_PKEY_generate(context.get(), &key);
    if (key == nullptr) throw std::runtime_error(take_openssl_errors(type));
    return KeyPtr(key);
}
KeyPtr generate_in_group(const char* type, const char* group) {
    return generate(type, [group](EVP_PKEY_CTX* context) { EVP_PKEY_CTX_set_group_name(context, group); });
}
KeyPtr explicit_curve() {
    return generate("EC", [](EVP_PKEY_CTX* context) {
        EVP_PKEY_CTX_set_group_name(context, "P-256");
        EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE);
    });
}
KeyPtr rsa(const char* type, int bits) {
    return generate(type, [bits](EVP_PKEY_CTX* context) { EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits); });
}
KeyPtr dsa() {
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
    EVP_PKEY* parameters = nullptr;
    EVP_PKEY_paramgen_init(context.get());
    EVP_PKEY_CTX_set_dsa_paramgen_bits(context.get(), 1024);
    EVP_PKEY_generate(context.get(), &parameters);
    const KeyPtr owned(parameters);
    const KeyContextPtr from(EVP_PKEY_CTX_new_from_pkey(nullptr, parameters, nullptr));
    EVP_PKEY* key = nullptr;
    EVP_PKEY_keygen_init(from.get());
    EVP_PKEY_generate(from.get(), &key);
    return KeyPtr(key);
}

std::string der(const X509& certificate) {
    unsigned char* data = nullptr;
    const int size = i2d_X509(&certificate, &data);
    const BufferPtr owned(data);
    return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

CertificatePtr parse_in(OSSL_LIB_CTX* library, const std::string& text) {
    X509* certificate = X509_new_ex(library, nullptr);
    const auto* cursor = reinterpret_cast<const unsigned char*>(text.data());
    return CertificatePtr(d2i_X509(&certificate, &cursor, static_cast<long>(text.size())));
}

const EVP_MD* digest_for(const EVP_PKEY& key) {
    const bool has_its_own = EVP_PKEY_is_a(&key, "ED25519") == 1 || EVP_PKEY_is_a(&key, "ED448") == 1;
    return has_its_own ? nullptr : EVP_sha256();
}

struct KeyCase {
    const char* name;
    std::function<KeyPtr()> make;
    bool signs = true;                                          ///< may be an authority's
    std::pair<std::string_view, std::string_view> damage = {};  ///< put the second for the first in the DER
};

constexpr auto ed25519_id = "\x30\x05\x06\x03\x2B\x65\x70\x03"sv;  // with what stands around it in a key
constexpr auto unknown_id = "\x30\x05\x06\x03\x2B\x65\x7F\x03"sv;
constexpr auto p256_id = "\x2A\x86\x48\xCE\x3D\x03\x01\x07"sv;
constexpr auto unknown_curve = "\x2A\x86\x48\xCE\x3D\x03\x01\x7F"sv;
constexpr auto point_begins = "\x03\x42\x00\x04"sv;
constexpr auto no_point = "\x03\x42\x00\x05"sv;
constexpr auto modulus_begins = "\x03\x82\x01\x0F\x00\x30"sv;
constexpr auto no_sequence = "\x03\x82\x01\x0F\x00\x31"sv;

const KeyCase key_cases[] = {
    {"rsa", [] { return rsa("RSA", 2048); }},
    {"weak_rsa", [] { return rsa("RSA", 1024); }},
    {"rsa_pss", [] { return rsa("RSA-PSS", 2048); }},
    {"p256", [] { return generate_in_group("EC", "P-256"); }},
    {"p384", [] { return generate_in_group("EC", "P-384"); }},
    {"brainpool", [] { return generate_in_group("EC", "brainpoolP256r1"); }},
    {"explicit_curve", explicit_curve},
    {"ed25519", [] { return generate("ED25519"); }},
    {"ed448", [] { return generate("ED448"); }},
    {"dsa", dsa},
    {"x25519", [] { return generate("X25519"); }, false},
    {"x448", [] { return generate("X448"); }, false},
    {"dh", [] { return generate_in_group("DH", "ffdhe2048"); }, false},
    {"sm2", [] { return generate("SM2"); }, false},
    {"unknown_type", [] { return generate("ED25519"); }, false, {ed25519_id, unknown_id}},
    {"unknown_curve", [] { return generate_in_group("EC", "P-256"); }, false, {p256_id, unknown_curve}},
    {"broken_point", [] { return generate_in_group("EC", "P-256"); }, false, {point_begins, no_point}},
    {"broken_rsa", [] { return rsa("RSA", 2048); }, false, {modulus_begins, no_sequence}},
};

struct Outcome {
    std::string key;  ///< its type, or why it cannot be used
    std::string chain;
    bool operator==(const Outcome&) const = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << outcome.key << " / " << outcome.chain;
}

class KeyTypes : public testing::TestWithParam<KeyCase> {
  protected:
    void SetUp() override {
        key_ = GetParam().make();
        EVP_PKEY& authority_key = GetParam().signs ? *key_ : test::key(0);
        authority_ = test::certificate({.common_name = "CA", .extensions = test::authority_extensions()},
                                       authority_key, nullptr, digest_for(authority_key));
        const test::Issuer signer{authority_.get(), &authority_key};
        leaf_ = der(*test::certificate({.common_name = "d", .extensions = test::device_extensions()}, *key_,
                                       &signer, digest_for(authority_key)));
        const auto& [from, to] = GetParam().damage;
        if (from.empty()) return;
        const auto place = leaf_.rfind(from);
        ASSERT_NE(place, std::string::npos);
        leaf_.replace(place, to.size(), to);
    }

    /// The peer's certificates come through the library under test, trust comes from outside.
    static Outcome judge(OSSL_LIB_CTX* library, const std::string& leaf, X509& authority) {
        const CertificatePtr parsed = parse_in(library, leaf);
        if (!parsed) return {take_openssl_errors("no certificate"), ""};
        Outcome outcome;
        take_openssl_errors("");
        const EVP_PKEY* key = X509_get0_pubkey(parsed.get());
        outcome.key = key == nullptr ? take_openssl_errors("refused") : EVP_PKEY_get0_type_name(key);
        std::vector<CertificatePtr> anchors;
        anchors.push_back(test::another_reference(&authority));
        const auto trust = TrustAnchors::create(std::move(anchors), {}).value();
        std::vector<CertificatePtr> sent;
        sent.push_back(parse_in(library, der(authority)));
        const auto verified = verify_path(*parsed, sent, trust, test::now);
        outcome.chain =
            verified ? "verified"
                     : std::string(to_string(verified.error().reason)) + ": " + verified.error().detail;
        return outcome;
    }

    KeyPtr key_;
    CertificatePtr authority_;
    std::string leaf_;
};

TEST_P(KeyTypes, are_judged_as_in_the_default_library) {
    const Outcome usual = judge(nullptr, leaf_, *authority_);
    EXPECT_EQ(judge(server_library(), leaf_, *authority_), usual);
    const CertificatePtr there = parse_in(server_library(), leaf_);
    const CertificatePtr here = parse_in(nullptr, leaf_);
    ASSERT_TRUE(there);
    const bool has_key = X509_get0_pubkey(here.get()) != nullptr;
    EXPECT_EQ(has_key, GetParam().damage.first.empty()) << usual.key;
    if (!has_key) return;
    EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(there.get()), X509_get0_pubkey(here.get())), 1);
    EXPECT_EQ(X509_check_private_key(there.get(), key_.get()), 1);
}

TEST_P(KeyTypes, forgeries_are_refused) {
    leaf_.back() = static_cast<char>(leaf_.back() ^ 1);
    const Outcome usual = judge(nullptr, leaf_, *authority_);
    EXPECT_EQ(judge(server_library(), leaf_, *authority_), usual);
    EXPECT_NE(usual.chain, "verified");
}
INSTANTIATE_TEST_SUITE_P(table, KeyTypes, testing::ValuesIn(key_cases),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(ServerLibrary, is_not_the_default_one_and_always_the_same) {
    EXPECT_NE(server_library(), nullptr);
    EXPECT_EQ(server_library(), server_library());
}

/// In a process of its own: OpenSSL reads its configuration once.
TEST(ServerLibrary, leaves_the_work_to_providers_that_are_configured) {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    std::string file = (std::filesystem::temp_directory_path() / "sallyport-openssl-XXXXXX").string();
    ::close(::mkstemp(file.data()));
    std::ofstream(file) << "openssl_conf = all\n[all]\nproviders = these\n[these]\ndefault = on\n"
                           "base = on\n[on]\nactivate = 1\n";
    ::setenv("OPENSSL_CONF", file.c_str(), 1);
    EXPECT_EXIT(std::exit(server_library() == nullptr ? 0 : 1), testing::ExitedWithCode(0), "");
    ::unsetenv("OPENSSL_CONF");
    std::filesystem::remove(file);
}

}  // namespace
}  // namespace sallyport::pki
