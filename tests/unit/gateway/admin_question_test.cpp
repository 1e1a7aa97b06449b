#include "gateway/admin_question.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

struct Page {
    const char* target;
    AdminPage page;
};

TEST(AdminQuestion, reads_pages) {
    for (const auto& [target, page] :
         {Page{"/", AdminPage::status_page}, Page{"/status", AdminPage::status},
          Page{"/metrics", AdminPage::metrics}, Page{"/healthz", AdminPage::healthz},
          Page{"/readyz", AdminPage::readyz}, Page{"/status?view=events", AdminPage::events},
          Page{"/nowhere", AdminPage::nothing}, Page{"", AdminPage::nothing}, Page{"//", AdminPage::nothing},
          Page{"/?x=y", AdminPage::nothing}, Page{"/healthz/", AdminPage::nothing},
          Page{"/healthz?", AdminPage::nothing}, Page{"/status/../metrics", AdminPage::nothing},
          Page{"http://x/status", AdminPage::nothing}}) {
        const auto question = read_admin_target(target);
        ASSERT_TRUE(question) << target;
        const auto* const found = std::get_if<AdminPage>(&*question);
        ASSERT_NE(found, nullptr) << target;
        EXPECT_EQ(*found, page) << target;
    }
}

TEST(AdminQuestion, reads_views_of_devices) {
    const auto read = [](std::string_view target) {
        return std::get<InventoryQuestion>(*read_admin_target(target));
    };
    EXPECT_EQ(read("/status?view=devices").view, InventoryQuestion::View::devices);
    EXPECT_EQ(read("/status?view=devices").limit, std::nullopt);
    EXPECT_EQ(read("/status?view=shadow&limit=7").view, InventoryQuestion::View::shadow);
    const auto question = read("/status?limit=10000&after=a%26b&since=1700000000&view=devices&format=csv");
    EXPECT_EQ(question.limit, 10'000U);
    EXPECT_EQ(question.after, "a&b");
    EXPECT_EQ(question.since.time_since_epoch().count(), 1'700'000'000);
    EXPECT_EQ(question.format, InventoryQuestion::Format::csv);
}

TEST(AdminQuestion, refuses_in_words_what_it_does_not_know) {
    for (const char* target : {"/status?",
                               "/status?view",
                               "/status?view=",
                               "/status?view=x",
                               "/status?view=devices&view=devices",
                               "/status?limit=1",
                               "/status?view=devices&limit=0",
                               "/status?view=devices&limit=10001",
                               "/status?view=devices&limit=1x",
                               "/status?view=devices&limit=-1",
                               "/status?view=devices&limit=99999999999999999999",
                               "/status?view=devices&since=x",
                               "/status?view=devices&since=99999999999999",
                               "/status?view=devices&format=xml",
                               "/status?view=shadow&format=csv",
                               "/status?view=devices&after=",
                               "/status?view=devices&x=1",
                               "/status?view=events&limit=1",
                               "/status?view=devices&&limit=1",
                               "/status?view=devices&after=%zz"}) {
        const auto question = read_admin_target(target);
        ASSERT_FALSE(question) << target;
        EXPECT_TRUE(question.error().message.ends_with('\n')) << target;
    }
    EXPECT_FALSE(read_admin_target("/status?view=devices&after=" + std::string(max_device_bytes + 1, 'x')));
}

TEST(AdminQuestion, knows_what_is_no_name_of_elsewhere) {
    for (const char* host : {"127.0.0.1", "127.0.0.1:9901", "192.0.2.1:80", "localhost", "LocalHost:9901",
                             "[::1]", "[::1]:9901"}) {
        EXPECT_TRUE(is_address_or_localhost(host)) << host;
    }
    for (const char* host :
         {"", ":9901", "example.test", "example.test:9901", "127.0.0.1.example.test", "localhost.",
          "localhost.example.test", "localhost:", "localhost:x", "localhost:80:80", "[::1", "::1", "[::1]x",
          "[127.0.0.1]", "[localhost]", "127.0.0.1, example.test", "127.1", "0x7f000001"}) {
        EXPECT_FALSE(is_address_or_localhost(host)) << host;
    }
}

}  // namespace
}  // namespace sallyport::gateway
