#include "gateway/name_lookup.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(NameLookup, asks_the_system) {
    const FoundAddresses found = look_up_by_system("localhost");
    EXPECT_THAT(found.addresses, testing::Contains(testing::AnyOf("127.0.0.1", "::1"))) << found.problem;
    const FoundAddresses none = look_up_by_system("no such name");
    EXPECT_TRUE(none.addresses.empty());
    EXPECT_THAT(none.problem, testing::StartsWith("no such name: "));
}

TEST(NameLookup, answers_on_a_thread_of_its_own) {
    std::promise<std::string> answered;
    NameLookup lookup([](const std::string& name) { return FoundAddresses{{"10.0.0.1", name}, ""}; });
    const auto caller = std::this_thread::get_id();
    lookup.begin("a", [&](FoundAddresses found) {
        answered.set_value(std::this_thread::get_id() == caller ? "same thread" : found.addresses.back());
    });
    EXPECT_EQ(answered.get_future().get(), "a");
}

TEST(NameLookup, does_not_wait_for_a_silent_name_server) {
    // What the thread that is left behind touches must live as long as it.
    const auto asked = std::make_shared<std::promise<void>>();
    const auto silence = std::make_shared<std::promise<void>>();
    const auto left = std::make_shared<std::promise<void>>();
    const auto called = std::make_shared<bool>(false);
    {
        NameLookup lookup([asked, end = silence->get_future().share(), left](const std::string&) {
            asked->set_value();
            end.wait();
            left->set_value();
            return FoundAddresses{{"10.0.0.1"}, ""};
        });
        lookup.begin("a", [called](FoundAddresses) { *called = true; });
        asked->get_future().wait();
    }
    silence->set_value();
    left->get_future().wait();
    EXPECT_FALSE(*called) << "the one that asked is gone";
}

}  // namespace
}  // namespace sallyport::gateway
