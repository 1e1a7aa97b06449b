#include "gateway/rules/name_addresses.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;
using Outcome = NameAddresses::Outcome;
using Texts = std::vector<std::string>;

const NameAddresses::TimePoint start{1h};

TEST(NameAddresses, are_looked_up_at_once_and_then_each_interval) {
    NameAddresses name(30s);
    EXPECT_TRUE(name.begins_look_up(start));
    EXPECT_FALSE(name.begins_look_up(start + 1h)) << "one at a time, however long it takes";
    EXPECT_EQ(name.looked_up({"10.0.0.1"}, start + 1h), Outcome::changed);
    EXPECT_FALSE(name.begins_look_up(start + 1h + 30s - 1ms));
    EXPECT_TRUE(name.begins_look_up(start + 1h + 30s));
}

TEST(NameAddresses, are_sorted_and_each_stands_once) {
    NameAddresses name(30s);
    EXPECT_EQ(name.looked_up({"10.0.0.2", "10.0.0.1", "10.0.0.2"}, start), Outcome::changed);
    EXPECT_EQ(name.addresses(), (Texts{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(name.looked_up({"10.0.0.1", "10.0.0.2"}, start), Outcome::unchanged) << "in another order";
    EXPECT_EQ(name.looked_up({"10.0.0.1"}, start), Outcome::changed);
    EXPECT_EQ(name.addresses(), Texts{"10.0.0.1"});
}

TEST(NameAddresses, stay_when_a_look_up_fails) {
    NameAddresses name(30s);
    name.looked_up({"10.0.0.1"}, start);
    EXPECT_EQ(name.looked_up({}, start), Outcome::failed);
    EXPECT_EQ(name.addresses(), Texts{"10.0.0.1"});
    EXPECT_EQ(name.looked_up({}, start), Outcome::still_failing) << "said once";
    EXPECT_EQ(name.looked_up({"10.0.0.1"}, start), Outcome::unchanged);
    EXPECT_EQ(name.looked_up({}, start), Outcome::failed) << "after a success it is news again";
}

TEST(NameAddresses, are_looked_up_sooner_after_a_failure) {
    NameAddresses name(30s);
    name.looked_up({}, start);
    EXPECT_FALSE(name.begins_look_up(start + NameAddresses::longest_retry - 1ms));
    EXPECT_TRUE(name.begins_look_up(start + NameAddresses::longest_retry));
    NameAddresses often(1s);
    often.looked_up({}, start);
    EXPECT_TRUE(often.begins_look_up(start + 1s)) << "never later than the interval";
}

TEST(NameAddresses, begin_with_what_was_known) {
    NameAddresses name(30s, {"10.0.0.1"});
    EXPECT_TRUE(name.begins_look_up(start));
    EXPECT_EQ(name.looked_up({}, start), Outcome::failed);
    EXPECT_EQ(name.addresses(), Texts{"10.0.0.1"});
    EXPECT_EQ(name.looked_up({"10.0.0.1"}, start), Outcome::unchanged);
}

TEST(NameAddresses, are_bounded) {
    NameAddresses name(30s);
    Texts many;
    for (std::size_t i = 0; i < NameAddresses::max_addresses + 5; ++i)
        many.push_back("10.0.1." + std::to_string(100 + i));
    name.looked_up(many, start);
    EXPECT_EQ(name.addresses().size(), NameAddresses::max_addresses);
}

}  // namespace
}  // namespace sallyport::gateway
