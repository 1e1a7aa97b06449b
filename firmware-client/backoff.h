#pragma once

#include "firmware-client/result.h"

#include <chrono>

namespace sallyport::device {

/// How long to wait after failures in a row: 5 s, doubling to 300 s; after a refusal 300 s at once, because
/// it takes a person to change the answer. Each wait varies by +-20 %, so that a fleet does not come back in
/// step, and is never shorter than the server's Retry-After.
class Backoff {
  public:
    /// `random` is in [0, 1).
    std::chrono::milliseconds next(const Error& error, double random);

    /// After a success.
    void reset() { failures_ = 0; }

  private:
    unsigned failures_ = 0;
};

}  // namespace sallyport::device
