#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

#include <sys/wait.h>

/// Programs that tests hold our results against.
namespace sallyport::test {

struct Finished {
    int status;
    std::string output;  ///< of stdout and stderr
};

inline Finished run(const std::string& command) {
    // "</dev/null": none of them may wait for a person.
    std::FILE* pipe = ::popen(("(" + command + ") 2>&1 </dev/null").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    Finished finished{-1, ""};
    char block[4096];
    for (std::size_t size = 0; (size = std::fread(block, 1, sizeof block, pipe)) > 0;)
        finished.output.append(block, size);
    const int status = ::pclose(pipe);
    finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return finished;
}

}  // namespace sallyport::test
