#include "tests/bench/common/client_program.h"

#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <sstream>
#include <thread>

#include <CLI/CLI.hpp>

namespace sallyport::bench {
namespace {

constexpr int exit_wrong_input = 2;
constexpr int exit_runtime = 3;

struct Arguments {
    FleetFiles files;
    std::size_t devices = 1;
    std::size_t first = 1;
    std::string suite = "ECDHE-RSA-AES128-GCM-SHA256";
};

void declare(CLI::App& app, Arguments& arguments) {
    app.add_option("--ca-cert", arguments.files.authority, "certificate of the devices' CA, PEM")->required();
    app.add_option("--ca-key", arguments.files.authority_key, "its private key, PEM")->required();
    app.add_option("--key", arguments.files.device_key, "private key of all devices, PEM")->required();
    app.add_option("--devices", arguments.devices, "how many; default 1")->check(CLI::PositiveNumber);
    app.add_option("--first", arguments.first, "number of the first device; default 1");
    app.add_option("--suite", arguments.suite, "of TLS 1.2; default ECDHE-RSA-AES128-GCM-SHA256");
}

void obey(const Worker& worker) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        Job job;
        std::istringstream words(line);
        words >> job.kind >> job.port >> job.count >> job.threads >> job.bytes;
        std::cout << worker(job) << std::endl;
    }
}

}  // namespace

int run_client(const std::string& description, int argc, char** argv, const MakeWorker& make_worker) {
    CLI::App app{description};
    Arguments arguments;
    declare(app, arguments);
    std::signal(SIGPIPE, SIG_IGN);  // a server that closes is an error of one connection
    try {
        app.parse(argc, argv);
        auto fleet = make_fleet(arguments.files, arguments.devices, arguments.first);
        if (!fleet) {
            std::cerr << fleet.error().message << '\n';
            return fleet.error().fault == pki::Fault::input ? exit_wrong_input : exit_runtime;
        }
        obey(make_worker(std::move(*fleet), arguments.suite));
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_wrong_input;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return exit_runtime;
    }
}

void spread(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> begun{0};
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
        running.emplace_back([&, i] {
            while (begun.fetch_add(1) < count)
                work(i);
        });
    }
    for (std::thread& thread : running)
        thread.join();
}

}  // namespace sallyport::bench
