#pragma once

#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/snapshot.h"

#include <chrono>
#include <map>
#include <string>

namespace sallyport::gateway {

/// Follows each CRL down the ladder fresh -> due -> grace -> closed: says it in the event log when one passes
/// to another rung, and in the metrics all the time. Not thread-safe.
class LadderWatch {
  public:
    LadderWatch(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

    /// Cheap; to be called every second and after each publication.
    void update(const Snapshot& snapshot, std::chrono::sys_seconds now);

  private:
    Metrics& metrics_;
    Log& log_;
    std::map<std::string, pki::CrlState> states_;  ///< by SHA-256 of complete and newest CRL
};

}  // namespace sallyport::gateway
