#include "firmware-client/firmware_update.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::device {
namespace {

constexpr std::chrono::hours longest_run{1};  // modules outside the processor can take that long

Error hook_error(const std::filesystem::path& program, const std::string& what) {
    return {Fault::configuration, "the firmware hook " + program.string() + ' ' + what};
}

/// Starts it in a process group of its own, with the signals as they are at a program's start. Minus one and
/// errno when it cannot.
pid_t start(const std::filesystem::path& program, const std::filesystem::path& image,
            const std::string& version) {
    std::string words[] = {program.string(), image.string(), version};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_t attributes;
    if ((errno = ::posix_spawnattr_init(&attributes)) != 0) return -1;
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    pid_t child = -1;
    const int failure = ::posix_spawn(&child, words[0].c_str(), nullptr, &attributes, arguments, environ);
    ::posix_spawnattr_destroy(&attributes);
    errno = failure;
    return failure == 0 ? child : -1;
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

Result<void> run(const std::filesystem::path& program, const std::filesystem::path& image,
                 const std::string& version, StopDescriptor stop) {
    const pid_t child = start(program, image, version);
    if (child < 0) return hook_error(program, std::string{"cannot be run: "} + std::strerror(errno));
    // A descriptor that is readable when the child has ended, to wait for it beside the stop signal.
    const Descriptor ended{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    if (ended) {
        const auto done = wait_ready(ended.get(), Readiness::readable,
                                     std::chrono::steady_clock::now() + longest_run, stop);
        if (!done) {
            ::kill(-child, SIGKILL);
            wait_for(child);
            if (done.error().fault == Fault::stopped) return done;
            return hook_error(program, "did not end within an hour");
        }
    }
    const int status = wait_for(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFEXITED(status)) {
        return hook_error(program, "refused the image with exit code " + std::to_string(WEXITSTATUS(status)));
    }
    return hook_error(program, "was ended by a signal");
}

}  // namespace

FirmwareHook program_hook(std::filesystem::path program, StopDescriptor stop) {
    return
        [program = std::move(program), stop](const std::filesystem::path& image, const std::string& version) {
            return run(program, image, version, stop);
        };
}

}  // namespace sallyport::device
