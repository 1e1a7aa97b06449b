#include "pki/session_cache.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

SessionPtr session() {
    return SessionPtr(SSL_SESSION_new());
}

TEST(SessionCache, gives_back_what_was_put) {
    SessionCache cache(2);
    SessionPtr first = session();
    const SSL_SESSION* address = first.get();
    cache.put("a", std::move(first));
    EXPECT_EQ(cache.get("a").get(), address);
    EXPECT_EQ(cache.get("a").get(), address) << "taking one leaves it there";
    EXPECT_EQ(cache.get("b"), nullptr);
    EXPECT_EQ(cache.get(""), nullptr);
}

TEST(SessionCache, forgets_the_least_recently_used) {
    SessionCache cache(2);
    cache.put("a", session());
    cache.put("b", session());
    EXPECT_NE(cache.get("a"), nullptr);  // now b is the older one
    cache.put("c", session());
    EXPECT_NE(cache.get("a"), nullptr);
    EXPECT_EQ(cache.get("b"), nullptr);
    EXPECT_NE(cache.get("c"), nullptr);
}

TEST(SessionCache, replaces_a_session_of_the_same_id) {
    SessionCache cache(2);
    cache.put("a", session());
    cache.put("b", session());
    SessionPtr second = session();
    const SSL_SESSION* address = second.get();
    cache.put("a", std::move(second));
    EXPECT_EQ(cache.get("a").get(), address);
    EXPECT_NE(cache.get("b"), nullptr) << "a replacement takes no second place";
}

TEST(SessionCache, removes) {
    SessionCache cache(2);
    cache.put("a", session());
    cache.put("b", session());
    cache.remove("a");
    cache.remove("a");
    cache.remove("never there");
    EXPECT_EQ(cache.get("a"), nullptr);
    EXPECT_NE(cache.get("b"), nullptr);
}

TEST(SessionCache, may_have_no_room_at_all) {
    SessionCache cache(0);
    cache.put("a", session());
    EXPECT_EQ(cache.get("a"), nullptr);
}

TEST(SessionCache, tells_binary_ids_apart) {
    SessionCache cache(3);
    cache.put(std::string("a\0b", 3), session());
    EXPECT_EQ(cache.get("a"), nullptr);
    EXPECT_EQ(cache.get(std::string("a\0c", 3)), nullptr);
    EXPECT_NE(cache.get(std::string("a\0b", 3)), nullptr);
}

TEST(SessionCache, keeps_a_session_alive_for_whoever_took_it) {
    SessionCache cache(1);
    cache.put("a", session());
    const SessionPtr taken = cache.get("a");
    cache.put("b", session());
    ASSERT_NE(taken, nullptr);
    EXPECT_GT(SSL_SESSION_get_timeout(taken.get()), 0);  // a sanitizer sees it if it is gone
}

TEST(SessionCache, serves_several_threads) {
    SessionCache cache(16);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&cache, thread] {
            for (int i = 0; i < 2000; ++i) {
                const std::string id = std::to_string((i * 7 + thread) % 40);
                cache.put(id, session());
                const SessionPtr taken = cache.get(id);
                if (i % 3 == 0) cache.remove(id);
            }
        });
    }
}

}  // namespace
}  // namespace sallyport::pki
