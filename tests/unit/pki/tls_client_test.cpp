#include "pki/tls_client.h"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

SessionPtr session_of(int version, long age_seconds = 0) {
    SessionPtr session(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(session.get(), version);
    const unsigned char id[] = {1};
    SSL_SESSION_set1_id(session.get(), id, sizeof id);
    SSL_SESSION_set_time(session.get(), SSL_SESSION_get_time(session.get()) - age_seconds);
    return session;
}

TEST(ClientSessions, of_tls_1_3_are_used_once) {
    ClientSessions sessions;
    sessions.keep(session_of(TLS1_3_VERSION));
    EXPECT_TRUE(sessions.take());
    EXPECT_FALSE(sessions.take());
}

TEST(ClientSessions, of_tls_1_2_stay) {
    ClientSessions sessions;
    sessions.keep(session_of(TLS1_2_VERSION));
    EXPECT_TRUE(sessions.take());
    EXPECT_TRUE(sessions.take());
}

TEST(ClientSessions, do_not_get_old) {
    ClientSessions sessions;
    sessions.keep(session_of(TLS1_2_VERSION, 3500));
    EXPECT_TRUE(sessions.take());
    ClientSessions old;
    old.keep(session_of(TLS1_2_VERSION, 3700));
    EXPECT_FALSE(old.take());
}

TEST(ClientSessions, are_bounded_and_the_newest_comes_first) {
    ClientSessions sessions;
    SSL_SESSION* newest = nullptr;
    for (int i = 0; i < 100; ++i) {
        auto session = session_of(TLS1_3_VERSION);
        newest = session.get();
        sessions.keep(std::move(session));
    }
    EXPECT_EQ(sessions.take().get(), newest);
    int others = 0;
    while (sessions.take())
        ++others;
    EXPECT_EQ(others, 15);
}

struct NameCase {
    const char* name;
    const char* expected;
    const char* asked;  ///< in the hello; empty: nothing
};

const NameCase name_cases[] = {
    {"dns_name", "store.test", "store.test"},
    {"ipv4", "10.0.0.1", ""},
    {"ipv6", "fd00::1", ""},
};

class ClientName : public testing::TestWithParam<NameCase> {};

TEST_P(ClientName, is_asked_for_when_it_is_a_dns_name) {
    const auto client = TlsClient::create({});
    ASSERT_TRUE(client);
    ClientSessions sessions;
    const SslPtr connection = (*client)->new_connection(GetParam().expected, sessions);
    ASSERT_TRUE(connection);
    const char* asked = SSL_get_servername(connection.get(), TLSEXT_NAMETYPE_host_name);
    EXPECT_STREQ(asked == nullptr ? "" : asked, GetParam().asked);
    EXPECT_EQ(SSL_get_verify_mode(connection.get()), SSL_VERIFY_PEER);
}
INSTANTIATE_TEST_SUITE_P(table, ClientName, testing::ValuesIn(name_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::pki
