#include "pki/tool/command_line.h"

#include <chrono>
#include <exception>
#include <iostream>

#include <sys/resource.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
    // Private keys pass through this process: no core files, and no file that others can read for a moment.
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::umask(077);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    try {
        return sallyport::pki::run_command(argc, argv, now, std::cout, std::cerr);
    } catch (const std::exception& bug) {
        std::cerr << "sallyport-pki: internal error: " << bug.what() << '\n';
        return 3;
    }
}
