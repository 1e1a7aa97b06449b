#pragma once

#include "gateway/log.h"
#include "gateway/snapshot.h"

#include <vector>

namespace sallyport::gateway {

/// Brings what is in force into the archive (`state`), and says in the event log what it could not write and
/// what an operator let through. What fails (a full disk) is tried again. Not thread-safe.
class ArchiveWriter {
  public:
    explicit ArchiveWriter(Log& log) : log_(log) {}

    /// `fresh`: CRLs that a load of this snapshot brought into force.
    void remember(std::vector<FreshCrl> fresh, const Snapshot& snapshot);

    /// Cheap when nothing is outstanding; to be called now and then.
    void retry(const Snapshot& snapshot);

  private:
    void report_failed(const std::string& detail);

    Log& log_;
    std::vector<FreshCrl> outstanding_;
};

}  // namespace sallyport::gateway
