#include "firmware-client/run_loop.h"

#include <algorithm>
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

const Error network{Fault::network, "n"};
const Error refused{Fault::refused, "r"};

const BackoffCase backoff_cases[] = {
    {"doubles_to_the_ceiling",
     {network, network, network, network, network, network, network, network, network},
     0.5,
     {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s, 300s}},
    {"varies_down", {network, network}, 0.0, {4s, 8s}},
    {"varies_up", {network, network}, 1.0, {6s, 12s}},
    {"refusal_waits_long_at_once", {refused, refused}, 0.5, {300s, 300s}},
    {"refusal_does_not_count_as_trouble", {refused, network}, 0.5, {300s, 5s}},
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
    std::string log;                          ///< a letter for each task performed
    std::map<char, std::vector<long>> times;  ///< seconds at which it was performed
    std::deque<Result<bool>> outcomes;        ///< of the next tasks; then success
    std::vector<std::chrono::milliseconds> waits;
    int idles = 0;

    Result<bool> perform(Task task) override {
        const char letter = "csHL"[static_cast<int>(task)];
        log += letter;
        times[letter].push_back(
            std::chrono::duration_cast<std::chrono::seconds>(clock.time_since_epoch()).count());
        if (outcomes.empty()) return false;
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
    void idle() override { ++idles; }
};

TEST(RunLoop, does_everything_at_the_start_and_then_by_period) {
    World world;
    world.end = SteadyTime{} + 600s;
    run_loop(world, world, {600s, 300s, false});
    EXPECT_EQ(world.log, "csHHcH");
    EXPECT_EQ(world.times['c'], (std::vector<long>{0, 600}));
    EXPECT_EQ(world.times['H'], (std::vector<long>{0, 300, 600}));
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
    world.outcomes = {false, false, false, true, true, false};  // c, s, H, then three log calls
    run_loop(world, world, {600s, 300s, true});
    EXPECT_EQ(world.log, "csHLLL");
    EXPECT_EQ(world.idles, 1) << "the connection stays open while files are queued";
}

TEST(RunLoop, backs_off_as_a_whole_and_recovers) {
    World world;
    world.end = SteadyTime{} + 100s;
    world.outcomes = {network, network, false, network};
    run_loop(world, world, {600s, 300s, false});
    EXPECT_EQ(world.log, "cccssH");
    EXPECT_EQ(world.waits, (std::vector<std::chrono::milliseconds>{5s, 10s, 5s}));
    EXPECT_EQ(world.times['c'], (std::vector<long>{0, 5, 15}));
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
