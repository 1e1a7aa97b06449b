#include "pki/tls_server.h"

#include "tests/support/certificates.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, Releaser<&SSL_SESSION_free>>;

KeyPtr new_key(const std::string& type) {
    if (type == "EC") return KeyPtr(EVP_EC_gen("P-256"));
    if (type == "RSA") return KeyPtr(EVP_RSA_gen(2048));
    EVP_PKEY* key = nullptr;
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type.c_str(), nullptr));
    EVP_PKEY_keygen_init(context.get());
    EVP_PKEY_generate(context.get(), &key);
    return KeyPtr(key);
}

/// Keys are made once: those of RSA take long.
EVP_PKEY& key_of(const std::string& type, const std::string& owner) {
    static std::map<std::string, KeyPtr> keys;
    KeyPtr& key = keys[owner + type];
    if (!key) key = new_key(type);
    return *key;
}

KeyPtr another_reference_to(EVP_PKEY& key) {
    EVP_PKEY_up_ref(&key);
    return KeyPtr(&key);
}

/// Lets in what the chain allows at the tests' time.
class Judge : public PeerJudge {
  public:
    explicit Judge(const TrustAnchors& trust) : trust_(trust) {}
    ChainResult<std::string> judge(X509_STORE_CTX& context) override {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(&context), test::now.time_since_epoch().count());
        const auto path = verify_path(context, trust_);
        if (!path) return path.error();
        return std::string("known");
    }
    std::string_view server_name() const override { return ""; }
    bool serves(std::string_view) override { return true; }
    bool may_resume(std::string_view remembered) override { return remembered == "known"; }

  private:
    const TrustAnchors& trust_;
};

/// A CA that issued a server's certificate and devices'.
class Site {
  public:
    Site(TlsProfile profile, const std::string& server_key, const std::string& authority_key)
        : authority_key_(key_of(authority_key, "authority")), authority_(issue("CA", authority_key_, true)) {
        std::vector<CertificatePtr> anchors;
        anchors.push_back(test::another_reference(authority_.get()));
        trust_ = std::make_shared<TrustAnchors>(TrustAnchors::create(std::move(anchors), {}).value());
        std::vector<CertificatePtr> chain;
        chain.push_back(issue("server", key_of(server_key, "server"), false));
        TlsServerSettings settings{.profile = profile,
                                   .identities = {},
                                   .trust = trust_,
                                   .session_scope = "test",
                                   .session_cache_entries = 10,
                                   .session_lifetime = std::chrono::seconds(100)};
        settings.identities.push_back(
            ServerIdentity::create(std::move(chain), another_reference_to(key_of(server_key, "server")),
                                   "files")
                .value());
        server_ = TlsServer::create(std::move(settings)).value();
    }

    CertificatePtr issue(const std::string& name, EVP_PKEY& key, bool is_authority) const {
        const test::Issuer signer{authority_.get(), &authority_key_};
        const bool has_its_own = EVP_PKEY_is_a(&authority_key_, "ED25519") == 1;
        return test::certificate(
            {.common_name = name,
             .extensions = is_authority ? test::authority_extensions() : test::device_extensions()},
            key, is_authority ? nullptr : &signer, has_its_own ? nullptr : EVP_sha256());
    }
    X509& authority() const { return *authority_; }
    const TlsServer& server() const { return *server_; }
    const TrustAnchors& trust() const { return *trust_; }

  private:
    EVP_PKEY& authority_key_;
    CertificatePtr authority_;
    std::shared_ptr<const TrustAnchors> trust_;
    std::shared_ptr<const TlsServer> server_;
};

struct Ended {
    std::string cipher;  ///< empty: the handshake failed
    bool resumed = false;
    SessionPtr session;
};

/// Both ends in memory, until they agree or one gives up.
Ended shake_hands(const Site& site, SSL_CTX& client_context, SSL_SESSION* session) {
    Judge judge(site.trust());
    const SslPtr server = site.server().new_connection(judge);
    const SslPtr client(SSL_new(&client_context));
    BIO* ends[2] = {};
    BIO_new_bio_pair(&ends[0], 65536, &ends[1], 65536);
    SSL_set_bio(server.get(), ends[0], ends[0]);
    SSL_set_bio(client.get(), ends[1], ends[1]);
    SSL_set_connect_state(client.get());
    if (session != nullptr) SSL_set_session(client.get(), session);
    char byte = 0;
    for (int turn = 0; turn < 10; ++turn) {
        SSL_read(client.get(), &byte, 1);  // with the session of TLS 1.3
        SSL_read(server.get(), &byte, 1);
    }
    take_openssl_errors("");
    if (SSL_is_init_finished(server.get()) == 0 || SSL_is_init_finished(client.get()) == 0) return {};
    Ended ended{SSL_get_cipher_name(server.get()), SSL_session_reused(server.get()) == 1,
                SessionPtr(SSL_get1_session(client.get()))};
    SSL_shutdown(client.get());
    SSL_shutdown(server.get());
    return ended;
}

SslCtxPtr device(const Site& site, const std::string& key_type, const std::string& suite) {
    SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    const bool tls_1_3 = suite.starts_with("TLS_");
    const int version = tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    const int set = tls_1_3 ? SSL_CTX_set_ciphersuites(context.get(), suite.c_str())
                            : SSL_CTX_set_cipher_list(context.get(), suite.c_str());
    EVP_PKEY& key = key_of(key_type, "device");
    const CertificatePtr certificate = site.issue("d", key, false);
    if (set != 1 || SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), &key) != 1 ||
        SSL_CTX_add1_chain_cert(context.get(), &site.authority()) != 1) {
        throw std::runtime_error(take_openssl_errors(suite));
    }
    return context;
}

struct SuiteCase {
    const char* suite;
    TlsProfile profile = TlsProfile::canedge;
    const char* server_key = "RSA";
    const char* device_key = "RSA";
    const char* authority_key = "EC";
};

const SuiteCase suite_cases[] = {
    {"ECDHE-RSA-AES128-GCM-SHA256"},
    {"DHE-RSA-AES128-GCM-SHA256"},
    {"ECDHE-RSA-AES128-SHA256"},
    {"DHE-RSA-AES128-SHA256"},
    {"ECDHE-RSA-AES128-SHA"},
    {"DHE-RSA-AES128-SHA"},
    {"AES128-GCM-SHA256"},
    {"AES128-SHA256"},
    {"AES128-SHA"},
    {"TLS_AES_128_GCM_SHA256"},
    {"TLS_AES_256_GCM_SHA384"},
    {"TLS_CHACHA20_POLY1305_SHA256"},
    {"ECDHE-RSA-AES256-GCM-SHA384", TlsProfile::modern},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", TlsProfile::modern, "EC"},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", TlsProfile::modern, "EC"},
    {"TLS_AES_128_GCM_SHA256", TlsProfile::modern, "EC"},
    {"ECDHE-RSA-AES128-GCM-SHA256", TlsProfile::canedge, "RSA", "EC", "RSA"},
    {"ECDHE-RSA-AES128-GCM-SHA256", TlsProfile::canedge, "RSA", "ED25519", "ED25519"},
    {"ECDHE-RSA-AES128-GCM-SHA256", TlsProfile::canedge, "RSA", "ED448"},
    {"ECDHE-RSA-AES128-GCM-SHA256", TlsProfile::canedge, "RSA", "RSA-PSS", "RSA-PSS"},
    {"TLS_AES_128_GCM_SHA256", TlsProfile::canedge, "RSA", "RSA-PSS", "RSA"},
    {"TLS_AES_128_GCM_SHA256", TlsProfile::modern, "ED25519", "ED448", "ED25519"},
};

class Suites : public testing::TestWithParam<SuiteCase> {};

TEST_P(Suites, shake_hands_and_resume) {
    const SuiteCase& row = GetParam();
    const Site site(row.profile, row.server_key, row.authority_key);
    const SslCtxPtr context = device(site, row.device_key, row.suite);
    const Ended first = shake_hands(site, *context, nullptr);
    ASSERT_EQ(first.cipher, row.suite);
    EXPECT_FALSE(first.resumed);
    const Ended second = shake_hands(site, *context, first.session.get());
    EXPECT_EQ(second.cipher, row.suite);
    EXPECT_TRUE(second.resumed);
}

/// A device of another CA of the same name and kind.
TEST_P(Suites, refuse_a_stranger) {
    const SuiteCase& row = GetParam();
    const Site site(row.profile, row.server_key, row.authority_key);
    const Site other(row.profile, row.server_key, std::string(row.authority_key) == "EC" ? "RSA" : "EC");
    EXPECT_EQ(shake_hands(site, *device(other, row.device_key, row.suite), nullptr).cipher, "");
}
INSTANTIATE_TEST_SUITE_P(table, Suites, testing::ValuesIn(suite_cases), [](const auto& row) {
    std::string name = std::string(row.param.suite) + "_" + row.param.server_key + "_" +
                       row.param.device_key + "_" + row.param.authority_key;
    std::ranges::replace(name, '-', '_');
    return name;
});

/// Workers share a server, its key and its trust, which the first of them to need it takes into the library.
TEST(TlsServer, serves_from_several_threads) {
    const Site site(TlsProfile::canedge, "RSA", "RSA");
    std::atomic<int> done = 0;
    std::vector<SslCtxPtr> devices;
    for (const char* suite : {"AES128-SHA", "DHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256"})
        devices.push_back(device(site, "RSA", suite));
    std::vector<std::thread> threads;
    for (const SslCtxPtr& context : devices) {
        threads.emplace_back([&site, &context, &done] {
            for (int i = 0; i < 20; ++i)
                done += shake_hands(site, *context, nullptr).cipher.empty() ? 0 : 1;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(done, 60);
}

}  // namespace
}  // namespace sallyport::pki
