#pragma once

#include "firmware-client/result.h"

#include <array>
#include <chrono>

namespace sallyport::device {

/// How long to wait after failures in a row: each kind of trouble by its own schedule (see
/// `TroubleTraits`), so that a network that breaks for a moment does not count against a refusal, or the
/// other way round. Each wait varies by +-20 %, so that a fleet does not come back in step, and is never
/// shorter than the server's Retry-After.
class Backoff {
  public:
    /// `random` is in [0, 1).
    std::chrono::milliseconds next(const Error& error, double random);

    /// After a success.
    void reset() { failures_ = {}; }

  private:
    std::array<unsigned, trouble_count> failures_{};
};

}  // namespace sallyport::device
