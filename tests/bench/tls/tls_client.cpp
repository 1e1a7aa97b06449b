#include "tests/bench/tls/device_connection.h"
#include "tests/bench/tls/devices.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

using namespace sallyport;

constexpr int exit_wrong_input = 2;
constexpr int exit_runtime = 3;

struct Arguments {
    bench::FleetFiles files;
    std::size_t devices = 1;
    std::size_t first = 1;
    std::string suite = "ECDHE-RSA-AES128-GCM-SHA256";
};

/// The work of one command, spread over threads.
struct Job {
    std::string kind;
    std::uint16_t port = 0;
    std::size_t count = 0;
    std::size_t threads = 1;
};

class Client {
  public:
    Client(bench::Fleet fleet, const std::string& suite)
        : fleet_(std::move(fleet)), context_(bench::client_context(suite)) {}

    /// How many of the job's connections failed.
    std::size_t run(const Job& job);

  private:
    void connect(const Job& job, std::size_t thread);
    void full(std::uint16_t port);
    void resumed(std::uint16_t port, std::size_t thread);
    void hold(std::uint16_t port);
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

std::size_t Client::run(const Job& job) {
    errors_ = 0;
    if (job.kind == "release") {
        held_.clear();
        return 0;
    }
    std::atomic<std::size_t> begun{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < job.threads; ++i) {
        threads.emplace_back([&, i] {
            while (begun.fetch_add(1) < job.count)
                connect(job, i);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    return errors_;
}

void Client::connect(const Job& job, std::size_t thread) {
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

void Client::full(std::uint16_t port) {
    const bench::Device& device = next_device(port);
    bench::DeviceConnection connection(*context_, port, fleet_, device, nullptr);
    connection.get(device.request);
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
    connection.get(device.request);
    if (known == nullptr) {
        const std::lock_guard lock(mutex_);
        sessions_[{port, thread}] = connection.session();
    }
    connection.close();
}

void Client::hold(std::uint16_t port) {
    const bench::Device& device = next_device(port);
    auto connection = std::make_unique<bench::DeviceConnection>(*context_, port, fleet_, device, nullptr);
    connection->get(device.request);
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

/// Each line of the input is a command `KIND PORT COUNT THREADS`; its answer is `ERRORS NANOSECONDS`.
void obey(Client& client) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        Job job;
        std::istringstream words(line);
        words >> job.kind >> job.port >> job.count >> job.threads;
        const auto begin = std::chrono::steady_clock::now();
        const std::size_t errors = client.run(job);
        const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin;
        std::cout << errors << ' ' << took.count() << std::endl;
    }
}

void declare(CLI::App& app, Arguments& arguments) {
    app.add_option("--ca-cert", arguments.files.authority, "certificate of the devices' CA, PEM")->required();
    app.add_option("--ca-key", arguments.files.authority_key, "its private key, PEM")->required();
    app.add_option("--key", arguments.files.device_key, "private key of all devices, PEM")->required();
    app.add_option("--devices", arguments.devices, "how many; default 1")->check(CLI::PositiveNumber);
    app.add_option("--first", arguments.first, "number of the first device; default 1");
    app.add_option("--suite", arguments.suite, "of TLS 1.2; default ECDHE-RSA-AES128-GCM-SHA256");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Devices that connect, ask once and leave. Commands come from standard input; see obey()."};
    Arguments arguments;
    declare(app, arguments);
    std::signal(SIGPIPE, SIG_IGN);  // a server that closes is an error of one connection
    try {
        app.parse(argc, argv);
        auto fleet = bench::make_fleet(arguments.files, arguments.devices, arguments.first);
        if (!fleet) {
            std::cerr << "bench_tls_client: " << fleet.error().message << '\n';
            return fleet.error().fault == pki::Fault::input ? exit_wrong_input : exit_runtime;
        }
        Client client(std::move(*fleet), arguments.suite);
        obey(client);
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_wrong_input;
    } catch (const std::exception& error) {
        std::cerr << "bench_tls_client: " << error.what() << '\n';
        return exit_runtime;
    }
}
