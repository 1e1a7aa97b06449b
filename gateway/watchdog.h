#pragma once

#include "gateway/supervisor.h"
#include "gateway/worker.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace sallyport::gateway {

/// Has every thread turned since it was asked last? A thread's count grows while it turns.
class TurnCount {
  public:
    bool all_have_turned(std::vector<std::uint64_t> turns);

  private:
    std::vector<std::uint64_t> seen_;  ///< when all had turned
};

/// Gives the supervisor signs of life while every worker turns. The thread that calls `feed` is the one that
/// loads CRLs: when it hangs, no revocation would be heard of, and a restart is better, too.
class Watchdog {
  public:
    /// Both outlive it.
    Watchdog(Supervisor& supervisor, const std::vector<std::unique_ptr<Worker>>& workers)
        : supervisor_(supervisor), workers_(workers) {}

    /// Call it every `Supervisor::interval`.
    void feed();

  private:
    Supervisor& supervisor_;
    const std::vector<std::unique_ptr<Worker>>& workers_;
    TurnCount turns_;
};

}  // namespace sallyport::gateway
