#include "tests/bench/common/client_program.h"
#include "tests/bench/common/device_connection.h"

#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace sallyport;

constexpr std::uint64_t object_bytes = 1024;

class Client {
  public:
    Client(bench::Fleet fleet, const std::string& suite)
        : fleet_(std::move(fleet)), context_(bench::client_context(suite)) {}

    /// How many of the job's connections failed.
    std::size_t run(const bench::Job& job);

  private:
    void connect(const bench::Job& job, std::size_t thread);
    void full(std::uint16_t port);
    void resumed(std::uint16_t port, std::size_t thread);
    void hold(std::uint16_t port);
    static void ask(bench::DeviceConnection& connection, const bench::Device& device);
    const bench::Device& next_device(std::uint16_t port);
    void count_error(const char* what);

    bench::Fleet fleet_;
    pki::SslCtxPtr context_;
    std::mutex mutex_;  ///< guards what follows
    std::map<std::uint16_t, std::size_t> used_devices_;
    std::map<std::pair<std::uint16_t, std::size_t>, bench::SessionPtr> sessions_;
    std::vector<std::unique_ptr<bench::DeviceConnection>> held_;
    std::size_t errors_ = 0;
};

std::size_t Client::run(const bench::Job& job) {
    errors_ = 0;
    if (job.kind == "release") {
        held_.clear();
        return 0;
    }
    bench::spread(job.threads, job.count, [&](std::size_t thread) { connect(job, thread); });
    return errors_;
}

void Client::connect(const bench::Job& job, std::size_t thread) {
    try {
        if (job.kind == "full") {
            full(job.port);
        } else if (job.kind == "resumed") {
            resumed(job.port, thread);
        } else if (job.kind == "hold") {
            hold(job.port);
        } else {
            throw std::runtime_error("unknown command " + job.kind);
        }
    } catch (const std::exception& error) {
        count_error(error.what());
    }
}

/// A small object: the store answers so.
void Client::ask(bench::DeviceConnection& connection, const bench::Device& device) {
    if (connection.get(device.request("GET", "device.json")) != object_bytes)
        throw std::runtime_error("answer: not the whole object");
}

void Client::full(std::uint16_t port) {
    const bench::Device& device = next_device(port);
    bench::DeviceConnection connection(*context_, port, fleet_, device, nullptr);
    ask(connection, device);
    connection.close();
}

/// Each thread has a session of its own with each server; the first connection makes it.
void Client::resumed(std::uint16_t port, std::size_t thread) {
    const bench::Device& device = fleet_.devices[thread % fleet_.devices.size()];
    SSL_SESSION* known = nullptr;
    {
        const std::lock_guard lock(mutex_);
        known = sessions_[{port, thread}].get();
    }
    bench::DeviceConnection connection(*context_, port, fleet_, device, known);
    ask(connection, device);
    if (known == nullptr) {
        const std::lock_guard lock(mutex_);
        sessions_[{port, thread}] = connection.session();
    }
    connection.close();
}

void Client::hold(std::uint16_t port) {
    const bench::Device& device = next_device(port);
    auto connection = std::make_unique<bench::DeviceConnection>(*context_, port, fleet_, device, nullptr);
    ask(*connection, device);
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(connection));
}

/// Each server meets the devices in the same order, and no device twice while there are others.
const bench::Device& Client::next_device(std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    return fleet_.devices[used_devices_[port]++ % fleet_.devices.size()];
}

void Client::count_error(const char* what) {
    const std::lock_guard lock(mutex_);
    if (errors_++ == 0) std::cerr << what << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    return bench::run_client("Devices that connect, ask once and leave.", argc, argv,
                             [](bench::Fleet fleet, const std::string& suite) -> bench::Worker {
                                 const auto client = std::make_shared<Client>(std::move(fleet), suite);
                                 return [client](const bench::Job& job) {
                                     return std::to_string(client->run(job));
                                 };
                             });
}
