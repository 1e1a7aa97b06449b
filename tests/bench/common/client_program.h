#pragma once

#include "tests/bench/common/devices.h"

#include <cstdint>
#include <functional>
#include <string>

namespace sallyport::bench {

/// One command of whoever measures: `KIND PORT COUNT THREADS BYTES`; what is left out has these values.
struct Job {
    std::string kind;
    std::uint16_t port = 0;
    std::size_t count = 0;
    std::size_t threads = 1;
    std::uint64_t bytes = 0;
};

/// Does a job and tells the answer to it, one line.
using Worker = std::function<std::string(const Job&)>;
/// Called once the devices have their certificates.
using MakeWorker = std::function<Worker(Fleet fleet, const std::string& suite)>;

/// The `main` of a program that plays devices: options, certificates, then a line "ready" and one line for
/// each job that standard input holds. Returns the exit code.
int run_client(const std::string& description, int argc, char** argv, const MakeWorker& make_worker);

/// Calls `work(thread)` `count` times, spread over threads of their own.
void spread(std::size_t threads, std::size_t count, const std::function<void(std::size_t thread)>& work);

}  // namespace sallyport::bench
