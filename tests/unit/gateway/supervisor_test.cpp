#include "gateway/supervisor.h"

#include "gateway/watchdog.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

using testing::MatchesRegex;
using namespace std::chrono_literals;

/// The supervisor's side.
class NotifySocket {
  public:
    explicit NotifySocket(std::string name) : name_(std::move(name)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name_.copy(address.sun_path, sizeof address.sun_path - 1);
        if (name_.front() == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    }
    ~NotifySocket() {
        if (name_.front() == '/') ::unlink(name_.c_str());
    }
    std::optional<std::string> next() const {
        char bytes[4096];
        const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
        if (count < 0) return std::nullopt;
        return std::string(bytes, static_cast<std::size_t>(count));
    }
    const char* name() const { return name_.c_str(); }

  private:
    std::string name_;
    pki::Descriptor socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

std::string unique_name(const std::string& prefix) {
    return prefix + "sallyport-notify-" + std::to_string(::getpid());
}

class Notices : public testing::TestWithParam<const char*> {};

TEST_P(Notices, arrive_in_order_and_end_with_the_end) {
    const NotifySocket socket(unique_name(GetParam()));
    Supervisor supervisor({socket.name(), "30000000", nullptr});
    supervisor.ready("generation 1\nREADY=0");
    supervisor.alive();
    supervisor.reloading();
    supervisor.stopping();
    supervisor.reloading();
    supervisor.ready("too late");
    supervisor.alive();
    EXPECT_EQ(socket.next(), "READY=1\nSTATUS=generation 1 READY=0");
    EXPECT_EQ(socket.next(), "WATCHDOG=1");
    EXPECT_THAT(socket.next().value_or(""), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+"));
    EXPECT_EQ(socket.next(), "STOPPING=1\nSTATUS=running requests may end");
    EXPECT_EQ(socket.next(), "WATCHDOG=1");
    EXPECT_EQ(socket.next(), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(addresses, Notices, testing::Values("/tmp/", "@"),
                         [](const auto& row) { return row.param[0] == '@' ? "abstract" : "path"; });

struct WatchdogCase {
    const char* name;
    const char* usec;
    std::optional<std::string> pid;
    std::chrono::milliseconds interval;
    bool fed;
};

const WatchdogCase watchdog_cases[] = {
    {"of_this_process", "1500000", std::to_string(::getpid()), 500ms, true},
    {"of_anybody", "1500000", std::nullopt, 500ms, true},
    {"patient", "30000000", std::nullopt, 1s, true},
    {"impatient", "10", std::nullopt, 200ms, true},
    {"of_another_process", "1500000", "1", 1s, false},
    {"none", nullptr, std::nullopt, 1s, false},
    {"zero", "0", std::nullopt, 1s, false},
    {"no_number", "1500000us", std::nullopt, 1s, false},
};

class Watchdogs : public testing::TestWithParam<WatchdogCase> {};

TEST_P(Watchdogs, are_fed_when_they_are_ours) {
    const NotifySocket socket(unique_name("@"));
    const auto& row = GetParam();
    Supervisor supervisor({socket.name(), row.usec, row.pid ? row.pid->c_str() : nullptr});
    EXPECT_EQ(supervisor.interval(200ms, 1s), row.interval);
    supervisor.alive();
    EXPECT_EQ(socket.next().has_value(), row.fed);
}
INSTANTIATE_TEST_SUITE_P(table, Watchdogs, testing::ValuesIn(watchdog_cases),
                         [](const auto& row) { return row.param.name; });

TEST(Supervisors, that_are_not_there_cost_nothing) {
    for (const char* socket :
         {static_cast<const char*>(nullptr), "", "@", "relative", "/nobody/listens/here"}) {
        Supervisor supervisor({socket, "1500000", nullptr});
        supervisor.ready("generation 1");
        supervisor.alive();
    }
    const std::string too_long = "/" + std::string(200, 'x');
    Supervisor supervisor({too_long.c_str(), nullptr, nullptr});
    supervisor.stopping();
}

TEST(TurnsOfThreads, have_all_to_grow) {
    TurnCount count;
    EXPECT_FALSE(count.all_have_turned({0, 0})) << "not begun";
    EXPECT_TRUE(count.all_have_turned({5, 1}));
    EXPECT_FALSE(count.all_have_turned({9, 1})) << "one stands still";
    EXPECT_FALSE(count.all_have_turned({15, 1}));
    EXPECT_TRUE(count.all_have_turned({16, 2}));
    EXPECT_TRUE(count.all_have_turned({Worker::has_ended, 3}));
    EXPECT_TRUE(count.all_have_turned({Worker::has_ended, 4})) << "one that has ended holds up nobody";
    EXPECT_FALSE(count.all_have_turned({Worker::has_ended, 4}));
}

}  // namespace
}  // namespace sallyport::gateway
