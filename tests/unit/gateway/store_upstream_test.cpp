#include "gateway/store_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using Texts = std::vector<std::string>;
using Sign = StoreHealth::Sign;
const StoreHealth::TimePoint now{std::chrono::hours(1)};

StoreSettings settings_of(const Texts& urls) {
    StoreSettings settings;
    for (const std::string& url : urls)
        settings.endpoints.push_back(*parse_store_url(url));
    return settings;
}

Texts addresses_of(const StoreUpstream& upstream) {
    Texts texts;
    const auto servers = upstream.servers();
    for (const auto& server : *servers)
        texts.push_back(server->address_text());
    return texts;
}

TEST(StoreUpstream, knows_addresses_at_once_and_names_when_they_were_looked_up) {
    StoreUpstream upstream(settings_of({"http://a:1", "http://10.0.0.1:2", "http://b:3"}), nullptr, "",
                           nullptr);
    EXPECT_EQ(addresses_of(upstream), Texts{"10.0.0.1:2"});
    EXPECT_TRUE(upstream.awaits_names());
    upstream.looked_up(0, {"10.0.0.9", "fd00::9"});
    EXPECT_EQ(addresses_of(upstream), (Texts{"10.0.0.9:1", "[fd00::9]:1", "10.0.0.1:2"}));
    EXPECT_TRUE(upstream.awaits_names());
    upstream.looked_up(2, {});
    EXPECT_FALSE(upstream.awaits_names()) << "a failure is an answer, too";
    EXPECT_EQ(addresses_of(upstream).size(), 3U);
}

TEST(StoreUpstream, keeps_the_state_of_addresses_that_stay) {
    StoreUpstream upstream(settings_of({"http://a:1"}), nullptr, "", nullptr);
    upstream.looked_up(0, {"10.0.0.1", "10.0.0.2"});
    const auto before = *upstream.servers();
    before[1]->state->note(Sign::connect_failed, now);
    upstream.looked_up(0, {"10.0.0.2", "10.0.0.3"});
    const auto after = *upstream.servers();
    ASSERT_EQ(after.size(), 2U);
    EXPECT_EQ(after[0], before[1]) << "the same object, with its idle connections";
    EXPECT_FALSE(after[0]->state->up());
    EXPECT_TRUE(after[1]->state->up());
}

TEST(StoreUpstream, keeps_addresses_when_a_look_up_fails) {
    StoreUpstream upstream(settings_of({"http://a:1"}), nullptr, "", nullptr);
    upstream.looked_up(0, {"10.0.0.1"});
    const auto before = upstream.servers();
    upstream.looked_up(0, {});
    EXPECT_EQ(upstream.servers(), before);
}

TEST(StoreUpstream, takes_over_what_the_previous_one_knew) {
    StoreUpstream before(settings_of({"http://a:1", "http://10.0.0.1:2"}), nullptr, "", nullptr);
    before.looked_up(0, {"10.0.0.7"});
    const auto servers = before.servers();
    for (const auto& server : *servers)
        server->state->note(Sign::connect_failed, now);
    const StoreUpstream after(settings_of({"http://10.0.0.1:2", "http://a:1", "http://10.0.0.1:3"}), nullptr,
                              "", &before);
    EXPECT_EQ(addresses_of(after), (Texts{"10.0.0.1:2", "10.0.0.7:1", "10.0.0.1:3"}));
    EXPECT_FALSE(after.awaits_names());
    EXPECT_FALSE((*after.servers())[0]->state->up());
    EXPECT_FALSE((*after.servers())[1]->state->up());
    EXPECT_TRUE((*after.servers())[2]->state->up()) << "another port is another server";
}

TEST(StoreUpstream, says_what_a_certificate_must_say) {
    StoreSettings settings = settings_of({"https://a:1", "https://10.0.0.1"});
    const StoreUpstream by_host(settings, nullptr, "", nullptr);
    EXPECT_EQ(by_host.endpoints()[0]->tls_name, "a");
    EXPECT_EQ(by_host.endpoints()[1]->tls_name, "10.0.0.1");
    settings.tls.server_name = "s3.test";
    EXPECT_EQ(StoreUpstream(settings, nullptr, "", nullptr).endpoints()[1]->tls_name, "s3.test");
}

}  // namespace
}  // namespace sallyport::gateway
