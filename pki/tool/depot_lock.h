#pragma once

#include "pki/result.h"

#include <chrono>
#include <filesystem>

namespace sallyport::pki {

/// The right to change a depot: an flock(2) on DIR/lock, which names its holder's pid. The kernel gives it
/// back when the process ends, however it ends.
class DepotLock {
  public:
    /// Waits up to `patience` for another process to finish. Error: it did not; the message says its pid.
    static Result<DepotLock> acquire(const std::filesystem::path& path, std::chrono::milliseconds patience);

    DepotLock(DepotLock&& other) noexcept;
    DepotLock& operator=(DepotLock&&) = delete;
    ~DepotLock();

  private:
    explicit DepotLock(int fd) noexcept : fd_(fd) {}
    int fd_;
};

}  // namespace sallyport::pki
