#pragma once

#include "gateway/log.h"
#include "gateway/metrics.h"
#include "gateway/snapshot.h"

#include <vector>

namespace sallyport::gateway {

/// Tells what became of the CRLs that a load was offered: each in the metrics, and in the logs what is news.
/// Not thread-safe.
class CrlReport {
  public:
    CrlReport(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

    void offered(const std::vector<CrlOutcome>& outcomes);

  private:
    Metrics& metrics_;
    Log& log_;
    std::vector<CrlOutcome> news_;  ///< of the load before: a list that stays refused is told once
};

}  // namespace sallyport::gateway
