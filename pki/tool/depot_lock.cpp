#include "pki/tool/depot_lock.h"

#include "pki/tool/folder.h"

#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

std::string holder(int fd) {
    char text[16];
    const ssize_t size = ::pread(fd, text, sizeof text, 0);
    std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto digits = pid.find_first_not_of("0123456789");
    pid.resize(digits == pid.npos ? pid.size() : digits);
    return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<DepotLock> DepotLock::acquire(const std::filesystem::path& path, std::chrono::milliseconds patience) {
    constexpr std::chrono::milliseconds pause{20};
    DepotLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (lock.fd_ < 0) return errno_error(path, "cannot open");
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return errno_error(path, "cannot lock");
        if (std::chrono::steady_clock::now() >= deadline) {
            return Error{Fault::runtime, path.string() + ": " + holder(lock.fd_) +
                                             " is changing this depot; try again when it has finished"};
        }
        std::this_thread::sleep_for(pause);
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.fd_, 0) != 0 || ::pwrite(lock.fd_, pid.data(), pid.size(), 0) < 0) {
        return errno_error(path, "cannot write");
    }
    return lock;
}

DepotLock::DepotLock(DepotLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DepotLock::~DepotLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace sallyport::pki
