#include "firmware-client/connector.h"
#include "firmware-client/tls_client.h"
#include "firmware-client/tls_stream.h"
#include "pki/issue.h"
#include "pki/key.h"
#include "pki/openssl.h"
#include "tests/unit/firmware_client/tls_server.h"

#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;

struct TrustCase {
    const char* name;
    const char* common_name;
    const char* alternative;  ///< dNSName; empty: none
    const char* anchor;       ///< "root", "leaf" or "stranger"
    bool expired;
    bool accepted;
};

const TrustCase trust_cases[] = {
    {"11_1_any_anchor_root", "x", "localhost", "root", false, true},
    {"11_1_any_anchor_the_server_itself", "x", "localhost", "leaf", false, true},
    {"11_1_nobody_else_is_trusted", "x", "localhost", "stranger", false, false},
    {"11_1_name_in_cn", "localhost", "", "root", false, true},
    {"11_1_name_in_cn_beside_another_san", "localhost", "other.test", "root", false, true},
    {"11_1_other_name", "other.test", "other.test", "root", false, false},
    {"11_1_name_is_only_a_part", "localhost.test", "xlocalhost", "root", false, false},
    {"11_1_expired", "x", "localhost", "root", true, false},
    {"11_1_expired_anchor", "x", "localhost", "leaf", true, false},
};

class ServerTrust : public testing::TestWithParam<TrustCase> {};

TEST_P(ServerTrust, decides_in_the_handshake) {
    const auto& row = GetParam();
    const auto root = issue(pki::CertificateRole::root_authority, "Root", nullptr);
    std::vector<pki::AlternativeName> names;
    if (*row.alternative != '\0') names.push_back({pki::AlternativeName::Type::dns, row.alternative});
    // An issuer that has expired too, or the certificate could not have been issued.
    const auto old_root = issue(pki::CertificateRole::root_authority, "Root", nullptr, {}, true);
    const auto leaf = issue(pki::CertificateRole::server, row.common_name,
                            row.expired ? old_root.get() : root.get(), names, row.expired);
    std::vector<pki::CertificatePtr> trusted;
    const std::string anchor = row.anchor;
    if (anchor == "stranger") {
        trusted.push_back(issue(pki::CertificateRole::root_authority, "Stranger", nullptr));
    } else {
        X509* const chosen = anchor == "leaf" ? leaf.get() : root.get();
        X509_up_ref(chosen);
        trusted.emplace_back(chosen);
    }
    Server server(*leaf, any_suite, 3, say_and_close);
    const ServerSettings settings = server.settings("localhost");
    const auto tls = TlsClient::create("localhost", trusted, nullptr, TlsVersions::device);
    ASSERT_TRUE(tls);
    ServerConnector connector(settings, tls->get(), {});
    const auto stream = connector.connect();
    ASSERT_EQ(static_cast<bool>(stream), row.accepted);
    if (!stream) {
        EXPECT_EQ(stream.error().fault, Fault::network);
        EXPECT_NE(stream.error().message.find("not trusted"), std::string::npos) << stream.error().message;
    }
}

INSTANTIATE_TEST_SUITE_P(table, ServerTrust, testing::ValuesIn(trust_cases),
                         [](const auto& row) { return row.param.name; });

/// A server that the client trusts, and the client.
struct Tls : testing::Test {
    pki::CertificatePtr root = issue(pki::CertificateRole::root_authority, "Root", nullptr);
    pki::CertificatePtr leaf = issue(pki::CertificateRole::server, "localhost", root.get());
    std::vector<pki::CertificatePtr> trusted;
    std::unique_ptr<TlsClient> client;

    void SetUp() override {
        X509_up_ref(leaf.get());
        trusted.emplace_back(leaf.get());
        client = std::move(TlsClient::create("localhost", trusted, nullptr, TlsVersions::device).value());
    }
};

Deadline soon() {
    return std::chrono::steady_clock::now() + 5s;
}

TEST_F(Tls, end_with_and_without_close_notify_differ) {
    for (const bool orderly : {true, false}) {
        Server server(*leaf, any_suite, 1, [&](SSL& connection) {
            SSL_write(&connection, "hello", 5);
            if (orderly) SSL_shutdown(&connection);
        });
        const ServerSettings settings = server.settings("localhost");
        ServerConnector connector(settings, client.get(), {});
        const auto stream = connector.connect();
        ASSERT_TRUE(stream);
        std::byte buffer[16];
        const auto first = (*stream)->read_some(buffer, soon());
        ASSERT_TRUE(first);
        EXPECT_EQ(*first, 5U);
        const auto second = (*stream)->read_some(buffer, soon());
        ASSERT_EQ(static_cast<bool>(second), orderly);
        if (orderly) {
            EXPECT_EQ(*second, 0U);
        } else {
            EXPECT_EQ(second.error().fault, Fault::network);
        }
    }
}

/// An address has no labels: `*.0.0.1` is no name of it.
TEST_F(Tls, no_wildcard_stands_for_an_address) {
    for (const char* name : {"*.0.0.1", "127.0.0.1"}) {
        const auto certificate =
            issue(pki::CertificateRole::server, "x", root.get(), {{pki::AlternativeName::Type::dns, name}});
        X509_up_ref(root.get());
        std::vector<pki::CertificatePtr> anchors;
        anchors.emplace_back(root.get());
        Server server(*certificate, any_suite, 3, say_and_close);
        const ServerSettings settings = server.settings("127.0.0.1");
        const auto tls = TlsClient::create("127.0.0.1", anchors, nullptr, TlsVersions::device);
        ASSERT_TRUE(tls);
        ServerConnector connector(settings, tls->get(), {});
        EXPECT_EQ(static_cast<bool>(connector.connect()), *name != '*') << name;
    }
}

/// Nobody looks at the certificate of a resumed session: it could have expired meanwhile.
TEST_F(Tls, looks_at_the_server_anew_after_an_hour) {
    auto clock = now();
    client = std::move(TlsClient::create("localhost", trusted, nullptr, TlsVersions::device, [&clock] {
                           return clock;
                       }).value());
    Server server(*leaf, any_suite, 4, [&](SSL& connection) {
        SSL_write(&connection, "hello", 5);
        std::byte byte;
        SSL_read(&connection, &byte, 1);
        SSL_shutdown(&connection);
    });
    const ServerSettings settings = server.settings("localhost");
    ServerConnector connector(settings, client.get(), {});
    const std::pair<std::chrono::seconds, bool> steps[] = {
        {0s, false}, {40min, true}, {80min, false}, {0s, false}};
    for (const auto& [later, resumed] : steps) {
        clock = now() + later;
        const auto stream = connector.connect();
        ASSERT_TRUE(stream) << stream.error().message;
        EXPECT_EQ(dynamic_cast<TlsStream&>(**stream).resumed(), resumed) << later.count();
        std::byte buffer[16];
        EXPECT_TRUE((*stream)->read_some(buffer, soon()));
    }
}

TEST(ConnectTime, leaves_some_for_each_address) {
    const Deadline start{};
    EXPECT_EQ(share_of(start, start + 30s, 3), start + 10s);
    EXPECT_EQ(share_of(start + 10s, start + 30s, 2), start + 20s);
    EXPECT_EQ(share_of(start + 10s, start + 30s, 1), start + 30s);
    EXPECT_EQ(share_of(start + 40s, start + 30s, 2), start + 30s) << "never later than the deadline";
}

struct LadderCase {
    const char* name;
    const char* suites;
    CipherGroup group;
};

/// The table of suites in section 11.2 of the reference, by its numbers, and the first group with each.
const LadderCase ladder_cases[] = {
    {"11_2_suite_1", "AES128-SHA", CipherGroup::first},
    {"11_2_suite_2", "DHE-RSA-AES128-SHA", CipherGroup::first},
    {"11_2_suite_3", "ECDHE-RSA-AES128-SHA", CipherGroup::first},
    {"11_2_suite_4", "AES128-SHA256", CipherGroup::second},
    {"11_2_suite_5", "DHE-RSA-AES128-SHA256", CipherGroup::second},
    {"11_2_suite_6", "ECDHE-RSA-AES128-SHA256", CipherGroup::second},
    {"11_2_suite_7", "AES128-GCM-SHA256", CipherGroup::third},
    {"11_2_suite_8", "DHE-RSA-AES128-GCM-SHA256", CipherGroup::third},
    {"11_2_suite_9", "ECDHE-RSA-AES128-GCM-SHA256", CipherGroup::third},
};

TEST_F(Tls, climbs_the_cipher_groups_11_2_and_stays) {
    for (const auto& [name, suites, group] : ladder_cases) {
        std::vector<std::string> seen;
        Server server(*leaf, suites, 4, [&](SSL& connection) {
            seen.emplace_back(SSL_get_cipher_name(&connection));
            SSL_write(&connection, "hello", 5);
            std::byte byte;
            SSL_read(&connection, &byte, 1);  // until the client's close_notify
            SSL_shutdown(&connection);
        });
        const ServerSettings settings = server.settings("localhost");
        client->forget_session();
        ServerConnector connector(settings, client.get(), {});
        for (const bool resumed : {false, true}) {
            const auto stream = connector.connect();
            ASSERT_TRUE(stream) << name;
            EXPECT_EQ(connector.group(), group) << name;
            EXPECT_EQ(dynamic_cast<TlsStream&>(**stream).resumed(), resumed) << name;
            std::byte buffer[16];
            EXPECT_TRUE((*stream)->read_some(buffer, soon()));
            EXPECT_EQ(seen.back(), suites);
        }
        ASSERT_EQ(seen.size(), 2U);
    }
}

TEST_F(Tls, does_not_climb_with_a_fixed_group) {
    for (const auto& [name, suites, group] : ladder_cases) {
        for (const auto fixed : {CipherGroup::first, CipherGroup::second, CipherGroup::third}) {
            Server server(*leaf, suites, 3, say_and_close);
            const ServerSettings settings = server.settings("localhost");
            client->forget_session();
            ServerConnector connector(settings, client.get(), {}, fixed);
            EXPECT_EQ(static_cast<bool>(connector.connect()), fixed >= group) << name;
            EXPECT_EQ(connector.group(), fixed) << name;
        }
    }
}

TEST_F(Tls, modern_offers_stronger_suites_at_once) {
    const auto modern = TlsClient::create("localhost", trusted, nullptr, TlsVersions::modern);
    ASSERT_TRUE(modern);
    for (const char* suites : {"ECDHE-RSA-AES256-GCM-SHA384", "AES128-SHA"}) {
        Server server(*leaf, suites, 1, say_and_close);
        const ServerSettings settings = server.settings("localhost");
        ServerConnector connector(settings, modern->get(), {});
        EXPECT_EQ(static_cast<bool>(connector.connect()), std::string{suites} != "AES128-SHA");
        EXPECT_EQ(connector.group(), CipherGroup::first) << "no ladder";
    }
}

TEST_F(Tls, tells_a_refusal_from_trouble) {
    const auto device = issue(pki::CertificateRole::root_authority, "AABBCCDD", nullptr);
    for (const bool with_certificate : {true, false}) {
        Server server(*leaf, any_suite, 3, say_and_close, true);
        const ServerSettings settings = server.settings("localhost");
        X509_up_ref(device.get());
        EVP_PKEY_up_ref(&shared_key());
        const ClientIdentity identity{pki::CertificatePtr{device.get()}, {}, pki::KeyPtr{&shared_key()}};
        const auto tls = TlsClient::create("localhost", trusted, with_certificate ? &identity : nullptr,
                                           TlsVersions::device);
        ASSERT_TRUE(tls);
        ServerConnector connector(settings, tls->get(), {});
        const auto stream = connector.connect();
        ASSERT_FALSE(stream);
        EXPECT_EQ(stream.error().fault, Fault::refused);
        EXPECT_NE(stream.error().message.find(with_certificate ? "unknown_ca" : "handshake_failure"),
                  std::string::npos)
            << stream.error().message;
    }
}

TEST_F(Tls, a_silent_server_meets_the_deadline) {
    Server server(*leaf, any_suite, 1, [](SSL& connection) {
        std::byte byte;
        SSL_read(&connection, &byte, 1);
    });
    const ServerSettings settings = server.settings("localhost");
    ServerConnector connector(settings, client.get(), {});
    const auto stream = connector.connect();
    ASSERT_TRUE(stream);
    std::byte buffer[16];
    const auto nothing = (*stream)->try_read(buffer);
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(*nothing);
    const auto late = (*stream)->read_some(buffer, std::chrono::steady_clock::now() + 20ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().fault, Fault::network);
}

}  // namespace
}  // namespace sallyport::device
