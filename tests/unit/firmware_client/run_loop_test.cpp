#include "firmware-client/run_loop.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::device {
namespace {

using namespace std::chrono_literals;

struct BackoffCase {
    const char* name;
    std::vector<Error> errors;
    double random;
    std::vector<std::chrono::milliseconds> waits;
};

Error of(Trouble trouble) {
    Error error{Fault::refused, "e"};
    error.trouble = trouble;
    return error;
}

const Error network{Fault::network, "n"};
const Error policy = of(Trouble::policy);
const Error revoked = of(Trouble::certificate_revoked);

const BackoffCase backoff_cases[] = {
    {"6_1_transport_error_doubles_to_the_ceiling",
     {network, network, network, network, network, network, network, network, network},
     0.5,
     {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s, 300s}},
    {"6_1_jitter_down", {network, network}, 0.0, {4s, 8s}},
    {"6_1_jitter_up", {network, network}, 1.0, {6s, 12s}},
    {"6_1_5xx", {of(Trouble::store_down), of(Trouble::store_down)}, 0.5, {5s, 10s}},
    {"6_1_429", {of(Trouble::rate_limit), of(Trouble::rate_limit)}, 0.5, {30s, 60s}},
    {"6_1_403_waits_long_at_once", {policy, policy}, 0.5, {300s, 300s}},
    {"revoked_asks_seldom", {revoked, revoked, revoked}, 0.5, {1h, 2h, 4h}},
    {"revoked_at_least_daily",
     {revoked, revoked, revoked, revoked, revoked, revoked, revoked},
     0.5,
     {1h, 2h, 4h, 8h, 16h, 24h, 24h}},
    {"expired", {of(Trouble::certificate_expired), of(Trouble::certificate_expired)}, 0.5, {15min, 30min}},
    {"not_yet_valid", {of(Trouble::certificate_not_yet_valid)}, 0.5, {5min}},
    {"unknown_ca", {of(Trouble::unknown_ca), of(Trouble::unknown_ca)}, 0.5, {5min, 10min}},
    {"clock_wrong", {of(Trouble::clock_wrong), of(Trouble::clock_wrong)}, 0.5, {1min, 2min}},
    {"kinds_do_not_count_against_each_other", {policy, network, policy, network}, 0.5, {300s, 5s, 300s, 10s}},
    {"longer_wish_wins", {{Fault::store, "s", 120s}, {Fault::store, "s", 1s}}, 0.5, {120s, 10s}},
};

class BackoffTable : public testing::TestWithParam<BackoffCase> {};

TEST_P(BackoffTable, waits) {
    Backoff backoff;
    for (std::size_t i = 0; i < GetParam().errors.size(); ++i) {
        EXPECT_EQ(backoff.next(GetParam().errors[i], GetParam().random), GetParam().waits[i]) << i;
    }
    backoff.reset();
    EXPECT_EQ(backoff.next(network, 0.5), 5s);
}

INSTANTIATE_TEST_SUITE_P(table, BackoffTable, testing::ValuesIn(backoff_cases),
                         [](const auto& row) { return row.param.name; });

/// A simulated world: time moves only by waiting.
struct World final : TaskRunner, RunEnvironment {
    SteadyTime clock{};
    SteadyTime end{};
    std::string log;                                  ///< a letter for each task performed
    std::map<char, std::vector<std::int64_t>> times;  ///< seconds at which it was performed
    std::deque<Result<Next>> outcomes;                ///< of the next tasks; then success
    std::vector<std::chrono::milliseconds> waits;
    int idles = 0;

    Result<Next> perform(Task task) override {
        const char letter = "csHftiL"[static_cast<int>(task)];
        log += letter;
        times[letter].push_back(
            std::chrono::duration_cast<std::chrono::seconds>(clock.time_since_epoch()).count());
        if (outcomes.empty()) return Next::period;
        auto outcome = outcomes.front();
        outcomes.pop_front();
        return outcome;
    }
    SteadyTime now() override { return clock; }
    bool wait_until(SteadyTime until) override {
        if (until > end) return false;
        clock = std::max(clock, until);
        return true;
    }
    double random() override { return 0.5; }
    void failed(Task, const Error&, std::chrono::milliseconds wait) override { waits.push_back(wait); }
    void succeeded(Task) override {}
    void idle() override { ++idles; }
};

TEST(RunLoop, does_everything_at_the_start_and_then_by_period) {
    World world;
    world.end = SteadyTime{} + 600s;
    run_loop(world, world, {600s, 300s, false});
    EXPECT_EQ(world.log, "csHftiHcHfti");
    EXPECT_EQ(world.times['c'], (std::vector<std::int64_t>{0, 600}));
    EXPECT_EQ(world.times['H'], (std::vector<std::int64_t>{0, 300, 600}));
}

TEST(RunLoop, zero_switches_off) {
    World world;
    world.end = SteadyTime{} + 3600s;
    run_loop(world, world, {0s, 0s, false});
    EXPECT_EQ(world.log, "");
    run_loop(world, world, {0s, 0s, true});
    EXPECT_EQ(world.log.find_first_not_of('L'), std::string::npos);
}

TEST(RunLoop, other_tasks_come_between_log_files) {
    World world;
    world.end = SteadyTime{} + 9s;
    world.outcomes.assign(6, Next::period);  // all but the log files
    world.outcomes.insert(world.outcomes.end(), {Next::more, Next::more, Next::period});
    run_loop(world, world, {600s, 300s, true});
    EXPECT_EQ(world.log, "csHftiLLL");
    EXPECT_EQ(world.idles, 1) << "the connection stays open while files are queued";
}

TEST(RunLoop, backs_off_as_a_whole_and_recovers) {
    World world;
    world.end = SteadyTime{} + 100s;
    world.outcomes = {network, network, Next::period, network};
    run_loop(world, world, {600s, 300s, false});
    EXPECT_EQ(world.log, "csHfticsf") << "after a failure those come first that have not had their turn";
    EXPECT_EQ(world.waits, (std::vector<std::chrono::milliseconds>{5s, 10s, 5s}));
    EXPECT_EQ(world.times['s'], (std::vector<std::int64_t>{5, 20}));
}

TEST(RunLoop, a_forbidden_request_holds_back_nothing_else) {
    World world;
    world.end = SteadyTime{} + 30s;
    world.outcomes = {policy,       Next::period, Next::period, Next::period,
                      Next::period, Next::period, Next::more};
    run_loop(world, world, {600s, 300s, true});
    EXPECT_EQ(world.log, "csHftiLLLLL");
    EXPECT_EQ(world.times['L'], (std::vector<std::int64_t>{0, 0, 10, 20, 30}));
}

TEST(RunLoop, waiting_tasks_come_between_log_files) {
    World world;
    world.end = SteadyTime{} + 10000s;
    std::deque<Result<Next>> many(400, Next::more);
    struct Slow final : TaskRunner {
        World& inner;
        explicit Slow(World& world) : inner(world) {}
        Result<Next> perform(Task task) override {
            auto done = inner.perform(task);
            inner.clock += 100s;  // each file takes a while
            return done;
        }
    } slow(world);
    world.outcomes = many;
    std::fill_n(world.outcomes.begin(), 6, Next::period);
    world.outcomes.resize(30, Next::more);
    world.outcomes.push_back(Error{Fault::stopped, ""});
    run_loop(slow, world, {600s, 300s, true});
    EXPECT_EQ(world.log.substr(0, 7), "csHftiL");
    EXPECT_GE(std::count(world.log.begin(), world.log.end(), 'H'), 3);
    EXPECT_GE(std::count(world.log.begin(), world.log.end(), 'c'), 2);
}

TEST(RunLoop, restarts_when_told_and_by_its_timer) {
    World world;
    world.end = SteadyTime{} + 100h;
    world.outcomes = {Next::restart};
    EXPECT_EQ(run_loop(world, world, {600s, 300s, true}), LoopEnd::restart);
    EXPECT_EQ(world.log, "c");
    EXPECT_EQ(run_loop(world, world, {600s, 300s, true}, 24h), LoopEnd::restart) << "3.2 restart_timer";
    EXPECT_EQ(world.clock, SteadyTime{} + 24h);
    world.end = world.clock + 100h;
    EXPECT_EQ(run_loop(world, world, {600s, 300s, true}, 0h), LoopEnd::stopped);
}

TEST(RunLoop, looks_for_no_updates_at_the_start_when_they_only_led_to_restarts) {
    World world;
    world.end = SteadyTime{} + 600s;
    run_loop(world, world, {600s, 300s, false}, 0s, FirstUpdates::after_their_period);
    EXPECT_EQ(world.log, "sHHcHfti");
    EXPECT_EQ(world.times['c'], (std::vector<std::int64_t>{600}));
}

TEST(Restarts, that_follow_one_another_too_soon_are_noticed) {
    Restarts restarts;
    SteadyTime now{};
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(restarts.next(now += 1s), FirstUpdates::at_once) << i;
    EXPECT_EQ(restarts.next(now += 1s), FirstUpdates::after_their_period);
    EXPECT_EQ(restarts.next(now += 600s), FirstUpdates::after_their_period) << "and again";
    EXPECT_EQ(restarts.next(now += 2h), FirstUpdates::at_once) << "it went well for long enough";
}

TEST(RunLoop, ends_at_once_when_stopped) {
    World world;
    world.end = SteadyTime{} + 100s;
    world.outcomes = {Error{Fault::stopped, ""}};
    run_loop(world, world, {600s, 300s, true});
    EXPECT_EQ(world.log, "c");
    EXPECT_TRUE(world.waits.empty());
}

}  // namespace
}  // namespace sallyport::device
