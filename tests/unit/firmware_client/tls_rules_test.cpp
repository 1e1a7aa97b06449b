#include "firmware-client/connector.h"
#include "firmware-client/store_client.h"
#include "firmware-client/tls_client.h"
#include "tests/support/certificates.h"
#include "tests/unit/firmware_client/tls_server.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

/// The name server of these tests: below gw.test everything is this machine. It stands in front of the C
/// library's.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto real = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const bool ours = name != nullptr && std::string_view{name}.ends_with(".gw.test");
    return real(ours ? "127.0.0.1" : name, service, hints, found);
}

namespace sallyport::device {
namespace {

/// A server with a certificate, and a client that trusts it.
struct TlsRules : testing::Test {
    pki::CertificatePtr root = issue(pki::CertificateRole::root_authority, "Root", nullptr);

    pki::CertificatePtr leaf_for(pki::AlternativeName::Type type, const std::string& name) {
        return issue(pki::CertificateRole::server, "server", root.get(), {{type, name}});
    }
    std::unique_ptr<TlsClient> client(const std::string& host, X509& trusted) {
        X509_up_ref(&trusted);
        std::vector<pki::CertificatePtr> anchors;
        anchors.emplace_back(&trusted);
        return std::move(TlsClient::create(host, anchors, nullptr, TlsVersions::device).value());
    }
};

std::string name_that_was_sent(SSL& connection) {
    const char* const name = SSL_get_servername(&connection, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "none" : name;
}

TEST_F(TlsRules, version_11_1_is_1_2_only) {
    const auto leaf = leaf_for(pki::AlternativeName::Type::dns, "localhost");
    const auto only_1_3 = [](SSL_CTX& context) {
        SSL_CTX_set_max_proto_version(&context, TLS1_3_VERSION);
        SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION);
    };
    Server server(*leaf, any_suite, 3, say_and_close, false, only_1_3);
    const ServerSettings settings = server.settings("localhost");
    const auto tls = client("localhost", *root);
    ServerConnector connector(settings, tls.get(), {});
    EXPECT_FALSE(connector.connect());
}

TEST_F(TlsRules, sni_11_1_is_the_host_name) {
    const auto leaf = leaf_for(pki::AlternativeName::Type::dns, "localhost");
    std::string sent;
    {
        Server server(*leaf, any_suite, 1, [&](SSL& connection) { sent = name_that_was_sent(connection); });
        const ServerSettings settings = server.settings("localhost");
        const auto tls = client("localhost", *root);
        EXPECT_TRUE(ServerConnector(settings, tls.get(), {}).connect());
    }
    EXPECT_EQ(sent, "localhost");
}

TEST_F(TlsRules, sni_11_1_is_absent_for_an_address) {
    const auto leaf = leaf_for(pki::AlternativeName::Type::ip, {127, 0, 0, 1});
    std::string sent;
    {
        Server server(*leaf, any_suite, 1, [&](SSL& connection) { sent = name_that_was_sent(connection); });
        const ServerSettings settings = server.settings("127.0.0.1");
        const auto tls = client("127.0.0.1", *root);
        EXPECT_TRUE(ServerConnector(settings, tls.get(), {}).connect());
    }
    EXPECT_EQ(sent, "none");
}

/// A server with a key of another kind or size, whose certificate itself is trusted.
struct KeyCase {
    const char* name;
    pki::KeyPtr (*make)();
    bool accepted;
};

const KeyCase key_cases[] = {
    {"11_1_rsa_2048", [] { return pki::KeyPtr(EVP_RSA_gen(2048)); }, true},
    {"11_1_rsa_1024", [] { return pki::KeyPtr(EVP_RSA_gen(1024)); }, false},
    {"11_1_ecdsa", [] { return pki::KeyPtr(EVP_EC_gen("P-256")); }, false},
};

TEST_F(TlsRules, key_11_1_is_rsa) {
    for (const KeyCase& row : key_cases) {
        const pki::KeyPtr key = row.make();
        test::CertificateDraft draft;
        draft.common_name = "localhost";
        draft.not_before = now() - std::chrono::hours{1};
        draft.not_after = now() + std::chrono::hours{1};
        const auto leaf = test::certificate(draft, *key);
        const auto other = leaf_for(pki::AlternativeName::Type::dns, "localhost");
        const auto configure = [&](SSL_CTX& context) {
            SSL_CTX_set_security_level(&context, 0);
            SSL_CTX_use_cert_and_key(&context, leaf.get(), key.get(), nullptr, 1);
        };
        Server server(*leaf, any_suite, 3, say_and_close, false, configure);
        const ServerSettings settings = server.settings("localhost");
        const auto tls = client("localhost", *leaf);
        EXPECT_EQ(static_cast<bool>(ServerConnector(settings, tls.get(), {}).connect()), row.accepted)
            << row.name;
    }
}

/// Virtual-hosted addressing: one name is looked up, sent as SNI, verified, and stands in Host.
TEST_F(TlsRules, request_style_3_1_puts_the_bucket_into_the_name) {
    const auto leaf = leaf_for(pki::AlternativeName::Type::dns, "*.gw.test");
    std::string sent;
    std::string request;
    std::uint16_t port = 0;
    {
        Server server(*leaf, any_suite, 1, [&](SSL& connection) {
            sent = name_that_was_sent(connection);
            char block[4096];
            while (request.find("\r\n\r\nhello") == std::string::npos) {
                const int count = SSL_read(&connection, block, sizeof block);
                if (count <= 0) return;
                request.append(block, static_cast<std::size_t>(count));
            }
            constexpr std::string_view answer =
                "HTTP/1.1 200 OK\r\nETag: \"5d41402abc4b2a76b9719d911017c592\"\r\nContent-Length: 0\r\n\r\n";
            SSL_write(&connection, answer.data(), static_cast<int>(answer.size()));
        });
        ServerSettings settings = server.settings("gw.test");
        settings.style = s3::RequestStyle::virtual_hosted;
        port = settings.port;
        const auto tls = client(settings.connect_host(), *root);
        ServerConnector connector(settings, tls.get(), {}, CipherGroup::third);
        StoreClient store(settings, connector, system_time);
        TextBody body{"hello"};
        const auto receipt = store.put("AABBCCDD/device.json", body, {});
        ASSERT_TRUE(receipt) << receipt.error().message;
    }
    EXPECT_EQ(sent, "fleet.gw.test");
    EXPECT_TRUE(request.starts_with("PUT /AABBCCDD/device.json HTTP/1.1\r\n")) << request;
    EXPECT_NE(request.find("\r\nHost: fleet.gw.test:" + std::to_string(port) + "\r\n"), std::string::npos)
        << request;
}

}  // namespace
}  // namespace sallyport::device
