#include "tests/bench/common/client_program.h"
#include "tests/bench/common/device_connection.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace sallyport;
using Clock = std::chrono::steady_clock;

/// The store sends as many bytes as the object's name says.
std::string object_of(std::uint64_t bytes) {
    return "object-" + std::to_string(bytes);
}

/// Work on connections that are kept from one job to the next: one for each port and thread.
class Client {
  public:
    Client(bench::Fleet fleet, const std::string& suite)
        : fleet_(std::move(fleet)), context_(bench::client_context(suite)) {}
    ~Client() { stop_streams(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// "ERRORS P50 P99", the latter in nanoseconds, of the job's requests.
    std::string run(const bench::Job& job);

  private:
    void work(const bench::Job& job, std::size_t thread);
    void request(bench::DeviceConnection& connection, const bench::Device& device, const bench::Job& job);
    void hold(bench::DeviceConnection& connection, const bench::Device& device, const bench::Job& job);
    bench::DeviceConnection& connection_of(std::uint16_t port, std::size_t place);
    const bench::Device& device_of(std::size_t place) const {
        return fleet_.devices[place % fleet_.devices.size()];
    }
    void stream(const bench::Job& job);
    void stop_streams();
    void count_error(const char* what);

    bench::Fleet fleet_;
    pki::SslCtxPtr context_;
    std::vector<std::thread> streams_;
    std::atomic<bool> streaming_{false};
    std::mutex mutex_;  ///< guards what follows
    std::map<std::pair<std::uint16_t, std::size_t>, std::unique_ptr<bench::DeviceConnection>> kept_;
    std::vector<std::int64_t> latencies_;
    std::size_t held_ = 0;
    std::size_t errors_ = 0;
};

std::string Client::run(const bench::Job& job) {
    errors_ = 0;
    latencies_.clear();
    if (job.kind == "release") {
        stop_streams();
        kept_.clear();
        held_ = 0;
    } else if (job.kind == "stream") {
        stream(job);
    } else {
        bench::spread(job.threads, job.count, [&](std::size_t thread) { work(job, thread); });
    }
    std::ranges::sort(latencies_);
    const auto quantile = [&](std::size_t percent) {
        return std::to_string(latencies_.empty() ? 0 : latencies_[latencies_.size() * percent / 100]);
    };
    return std::to_string(errors_) + " " + quantile(50) + " " + quantile(99);
}

void Client::work(const bench::Job& job, std::size_t thread) {
    std::size_t place = thread;
    const bool holds = job.kind.starts_with("hold-");
    if (holds) {
        const std::lock_guard lock(mutex_);
        place = held_++;
    }
    try {
        bench::DeviceConnection& connection = connection_of(job.port, place);
        if (holds) {
            hold(connection, device_of(place), job);
        } else {
            request(connection, device_of(place), job);
        }
    } catch (const std::exception& error) {
        count_error(error.what());
        const std::lock_guard lock(mutex_);
        kept_.erase({job.port, place});
    }
}

void Client::request(bench::DeviceConnection& connection, const bench::Device& device,
                     const bench::Job& job) {
    const auto begin = Clock::now();
    if (job.kind == "get") {
        if (connection.get(device.request("GET", object_of(job.bytes))) != job.bytes)
            throw std::runtime_error("answer: not the whole object");
    } else if (job.kind == "put") {
        connection.put(device.request("PUT", "upload.mf4", job.bytes), job.bytes);
    } else {
        throw std::runtime_error("unknown command " + job.kind);
    }
    const std::chrono::nanoseconds took = Clock::now() - begin;
    const std::lock_guard lock(mutex_);
    latencies_.push_back(took.count());
}

/// Leaves the connection idle behind a small request, or in the middle of a transfer of `bytes`.
void Client::hold(bench::DeviceConnection& connection, const bench::Device& device, const bench::Job& job) {
    connection.get(device.request("GET", object_of(1024)));
    if (job.kind == "hold-get") {
        connection.send(device.request("GET", object_of(job.bytes)));
        connection.receive(job.bytes / 2);
    } else if (job.kind == "hold-put") {
        connection.send(device.request("PUT", "upload.mf4", job.bytes));
        connection.send_body(job.bytes / 2);
    }
}

bench::DeviceConnection& Client::connection_of(std::uint16_t port, std::size_t place) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = kept_.find({port, place});
        if (found != kept_.end()) return *found->second;
    }
    auto fresh =
        std::make_unique<bench::DeviceConnection>(*context_, port, fleet_, device_of(place), nullptr);
    const std::lock_guard lock(mutex_);
    auto& kept = kept_[{port, place}];
    kept = std::move(fresh);
    return *kept;
}

/// Uploads go up on `threads` connections, one after the other, until "release".
void Client::stream(const bench::Job& job) {
    streaming_ = true;
    for (std::size_t i = 0; i < job.threads; ++i) {
        streams_.emplace_back([this, job, i] {
            const bench::Job upload{"put", job.port, 1, 1, job.bytes};
            while (streaming_)
                work(upload, i);
        });
    }
}

void Client::stop_streams() {
    streaming_ = false;
    for (std::thread& thread : streams_)
        thread.join();
    streams_.clear();
}

void Client::count_error(const char* what) {
    const std::lock_guard lock(mutex_);
    if (errors_++ == 0) std::cerr << what << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    return bench::run_client("Devices that send one request after the other.", argc, argv,
                             [](bench::Fleet fleet, const std::string& suite) -> bench::Worker {
                                 const auto client = std::make_shared<Client>(std::move(fleet), suite);
                                 return [client](const bench::Job& job) { return client->run(job); };
                             });
}
