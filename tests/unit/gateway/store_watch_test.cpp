#include "gateway/store_watch.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

/// A name server that says what it is told to.
class Names {
  public:
    FoundAddresses look_up(const std::string&) {
        const std::lock_guard lock(mutex_);
        ++asked_;
        return {addresses_, addresses_.empty() ? "nobody knows" : ""};
    }
    void say(Texts addresses) {
        const std::lock_guard lock(mutex_);
        addresses_ = std::move(addresses);
        asked_ = 0;
    }
    int asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

  private:
    std::mutex mutex_;
    Texts addresses_;
    int asked_ = 0;
};

template <class Condition>
bool becomes(const Condition& condition) {
    for (const auto end = Clock::now() + 20s; Clock::now() < end; std::this_thread::sleep_for(5ms)) {
        if (condition()) return true;
    }
    return false;
}

class Watch : public testing::Test {
  protected:
    void SetUp() override {
        settings_.endpoints.push_back(*parse_store_url("http://store.test:1"));
        settings_.resolve_interval = 100ms;
        settings_.check.interval = 1h;
    }

    Texts addresses() const { return upstream_->addresses(0); }

    void begin() {
        upstream_ = std::make_shared<StoreUpstream>(settings_, nullptr, "", nullptr);
        watch_.follow(upstream_);
        watch_.start();
    }

    StoreSettings settings_;
    Metrics metrics_;
    Log log_{LogSettings{.access = "off", .events = "/dev/null"}};
    StoreEvents events_{metrics_, log_};
    Names names_;
    StoreWatch watch_{events_, [this](const std::string& name) { return names_.look_up(name); }};
    std::shared_ptr<StoreUpstream> upstream_;
};

TEST_F(Watch, follows_the_addresses_of_a_name) {
    names_.say({"127.0.0.1"});
    begin();
    EXPECT_TRUE(becomes([&] { return addresses() == Texts{"127.0.0.1"}; }));
    names_.say({"127.0.0.2", "127.0.0.1"});
    EXPECT_TRUE(becomes([&] { return addresses() == Texts{"127.0.0.1", "127.0.0.2"}; }));
    names_.say({"127.0.0.3"});
    EXPECT_TRUE(becomes([&] { return addresses() == Texts{"127.0.0.3"}; }));
}

TEST_F(Watch, keeps_the_addresses_when_a_look_up_fails) {
    names_.say({"127.0.0.1"});
    begin();
    EXPECT_TRUE(becomes([&] { return !addresses().empty(); }));
    names_.say({});
    EXPECT_TRUE(becomes([&] { return names_.asked() > 1; }));
    EXPECT_EQ(addresses(), Texts{"127.0.0.1"});
    names_.say({"127.0.0.2"});
    EXPECT_TRUE(becomes([&] { return addresses() == Texts{"127.0.0.2"}; })) << "and goes on";
}

TEST_F(Watch, marks_down_who_takes_no_connections) {
    settings_.check.interval = 100ms;
    names_.say({"127.0.0.1"});  // nobody listens on port 1
    begin();
    EXPECT_TRUE(becomes([&] {
        const auto servers = upstream_->servers();
        return !servers->empty() && !servers->front()->state->up();
    }));
}

TEST_F(Watch, ends_while_it_is_at_work) {
    names_.say({"127.0.0.1"});
    begin();
    EXPECT_TRUE(becomes([&] { return names_.asked() > 0; }));
    watch_.stop();
}

}  // namespace
}  // namespace sallyport::gateway
