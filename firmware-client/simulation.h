#pragma once

#include "firmware-client/backoff.h"
#include "firmware-client/latencies.h"
#include "firmware-client/simulated_fleet.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace sallyport::device {

/// What a simulation has seen so far.
struct SimulationTotals {
    std::uint64_t visits = 0;
    std::uint64_t bytes = 0;
    std::array<std::uint64_t, trouble_count> visits_by_trouble{};   ///< `none`: went well
    std::array<std::uint64_t, trouble_count> devices_by_trouble{};  ///< as the last visit of each ended
    std::uint64_t not_visited = 0;                                  ///< devices that have not had a turn yet
    Latencies connect;
    Latencies head;
    Latencies put;
};

/// Lets devices visit their server, each by its own jittered schedule: the first visits spread over one
/// period, after a visit the next comes a period later, +-20 %, and after trouble when a real device would
/// come again.
class Simulation {
  public:
    /// `options` must outlive this.
    Simulation(std::vector<std::unique_ptr<SimulatedDevice>> fleet, const SimulationOptions& options);

    using Progress = std::function<void(const SimulationTotals&, std::chrono::seconds past)>;

    /// Runs for `options.time` or until `stop` fires, on `options.at_once` threads; no visit begins later,
    /// and those that have begun are waited for. `progress` is called twice a second from the caller's
    /// thread.
    SimulationTotals run(StopDescriptor stop, const Progress& progress);

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Member {
        std::unique_ptr<SimulatedDevice> device;
        Backoff backoff;
        std::optional<Trouble> state;
    };
    struct Turn {
        SteadyTime due;
        std::size_t member;
        bool operator>(const Turn& other) const { return due > other.due; }
    };
    void work(SteadyTime end);
    std::optional<std::size_t> next_member(std::unique_lock<std::mutex>& lock, SteadyTime end);
    void account(Member& member, const Visit& visit);
    std::chrono::milliseconds wait_after(Member& member, const Visit& visit);
    double random() { return std::uniform_real_distribution<double>{0, 1}(engine_); }

    const SimulationOptions& options_;
    std::vector<Member> members_;
    std::mutex mutex_;  ///< guards all below
    std::condition_variable changed_;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
    SimulationTotals totals_;
    std::mt19937_64 engine_{std::random_device{}()};
    bool over_ = false;
};

/// A table of latencies, refusals by state and rates, for people.
std::string simulation_text(const SimulationTotals& totals, std::size_t devices, std::chrono::seconds time);

/// One line: where the simulation stands.
std::string simulation_progress(const SimulationTotals& totals, std::chrono::seconds past,
                                std::chrono::seconds time);

}  // namespace sallyport::device
