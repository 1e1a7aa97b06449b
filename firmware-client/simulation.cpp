#include "firmware-client/simulation.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

namespace sallyport::device {
namespace {

constexpr std::size_t index_of(Trouble trouble) {
    return static_cast<std::size_t>(trouble);
}

void record_all(Latencies& latencies, const std::vector<std::chrono::microseconds>& times) {
    for (const auto time : times)
        latencies.record(time);
}

std::string latency_line(const char* what, const Latencies& latencies) {
    const auto ms = [](std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000; };
    char line[128];
    std::snprintf(line, sizeof line, "%-8s %10llu %9.1f %9.1f %9.1f %9.1f\n", what,
                  static_cast<unsigned long long>(latencies.count()), ms(latencies.percentile(0.5)),
                  ms(latencies.percentile(0.9)), ms(latencies.percentile(0.99)), ms(latencies.longest()));
    return line;
}

}  // namespace

Simulation::Simulation(std::vector<std::unique_ptr<SimulatedDevice>> fleet, const SimulationOptions& options)
    : options_(options) {
    for (auto& device : fleet)
        members_.push_back({std::move(device), {}, {}});
    totals_.not_visited = members_.size();
}

SimulationTotals Simulation::run(StopDescriptor stop, const Progress& progress) {
    using std::chrono::steady_clock;
    const SteadyTime start = steady_clock::now();
    const SteadyTime end = start + options_.time;
    const std::chrono::duration<double> period = options_.period;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        turns_.push({start + std::chrono::duration_cast<steady_clock::duration>(period * random()), i});
    }
    std::vector<std::thread> workers;
    const std::size_t at_once = std::min<std::size_t>(options_.at_once, members_.size());
    for (std::size_t i = 0; i < at_once; ++i)
        workers.emplace_back([this, end] { work(end); });

    constexpr std::chrono::milliseconds look_period{500};
    bool stopped = false;
    while (!stopped && steady_clock::now() < end) {
        stopped = wait_for_stop(stop, std::min(end, steady_clock::now() + look_period));
        const std::scoped_lock lock(mutex_);
        progress(totals_, std::chrono::floor<std::chrono::seconds>(steady_clock::now() - start));
    }
    {
        const std::scoped_lock lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers)
        worker.join();
    return totals_;
}

void Simulation::work(SteadyTime end) {
    std::unique_lock lock(mutex_);
    while (const auto number = next_member(lock, end)) {
        Member& member = members_[*number];
        lock.unlock();
        const Visit visit = member.device->visit();
        lock.lock();
        account(member, visit);
        turns_.push({std::chrono::steady_clock::now() + wait_after(member, visit), *number});
        changed_.notify_one();
    }
}

/// Waits for the next turn; nothing when the simulation is over. The member is in no queue while it is
/// visiting.
std::optional<std::size_t> Simulation::next_member(std::unique_lock<std::mutex>& lock, SteadyTime end) {
    for (;;) {
        const SteadyTime now = std::chrono::steady_clock::now();
        if (over_ || now >= end) return std::nullopt;
        if (!turns_.empty() && turns_.top().due <= now) {
            const std::size_t number = turns_.top().member;
            turns_.pop();
            return number;
        }
        changed_.wait_until(lock, turns_.empty() ? end : std::min(end, turns_.top().due));
    }
}

void Simulation::account(Member& member, const Visit& visit) {
    const Trouble state = visit.error ? visit.error->kind() : Trouble::none;
    if (visit.error && visit.error->fault == Fault::stopped) return;
    ++totals_.visits;
    totals_.bytes += visit.bytes;
    ++totals_.visits_by_trouble[index_of(state)];
    if (member.state) {
        --totals_.devices_by_trouble[index_of(*member.state)];
    } else {
        --totals_.not_visited;
    }
    ++totals_.devices_by_trouble[index_of(state)];
    member.state = state;
    record_all(totals_.connect, visit.connects);
    record_all(totals_.head, visit.heads);
    record_all(totals_.put, visit.puts);
}

std::chrono::milliseconds Simulation::wait_after(Member& member, const Visit& visit) {
    if (visit.error) return member.backoff.next(*visit.error, random());
    member.backoff.reset();
    const std::chrono::duration<double> period = options_.period * (0.8 + 0.4 * random());
    return std::chrono::duration_cast<std::chrono::milliseconds>(period);
}

std::string simulation_text(const SimulationTotals& totals, std::size_t devices, std::chrono::seconds time) {
    const double seconds = static_cast<double>(std::max<std::int64_t>(time.count(), 1));
    char line[200];
    std::snprintf(line, sizeof line, "%zu devices, %llu visits in %lld s (%.1f a second), %.1f MB put\n",
                  devices, static_cast<unsigned long long>(totals.visits),
                  static_cast<long long>(time.count()), static_cast<double>(totals.visits) / seconds,
                  static_cast<double>(totals.bytes) / 1e6);
    std::string text = line;
    text += "ms            count       p50       p90       p99       max\n";
    text += latency_line("connect", totals.connect) + latency_line("HEAD", totals.head) +
            latency_line("PUT", totals.put);
    text += "state                   devices    visits\n";
    for (std::size_t i = 0; i < trouble_count; ++i) {
        if (totals.visits_by_trouble[i] == 0) continue;
        std::snprintf(line, sizeof line, "%-20s %10llu %9llu\n",
                      std::string{traits_of(static_cast<Trouble>(i)).word}.c_str(),
                      static_cast<unsigned long long>(totals.devices_by_trouble[i]),
                      static_cast<unsigned long long>(totals.visits_by_trouble[i]));
        text += line;
    }
    if (totals.not_visited > 0) {
        std::snprintf(line, sizeof line, "%-20s %10llu\n", "not visited yet",
                      static_cast<unsigned long long>(totals.not_visited));
        text += line;
    }
    return text;
}

std::string simulation_progress(const SimulationTotals& totals, std::chrono::seconds past,
                                std::chrono::seconds time) {
    const std::uint64_t well = totals.visits_by_trouble[index_of(Trouble::none)];
    char line[200];
    std::snprintf(line, sizeof line, "%lld of %lld s  %llu visits, %llu in trouble  connect p99 %.1f ms",
                  static_cast<long long>(past.count()), static_cast<long long>(time.count()),
                  static_cast<unsigned long long>(totals.visits),
                  static_cast<unsigned long long>(totals.visits - well),
                  static_cast<double>(totals.connect.percentile(0.99).count()) / 1000);
    return line;
}

}  // namespace sallyport::device
