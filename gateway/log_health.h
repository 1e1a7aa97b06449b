#pragma once

#include <cstdint>
#include <string>

namespace sallyport::gateway {

/// Hears how one log fares. Called by several threads; must return at once.
class LogHealth {
  public:
    virtual ~LogHealth() = default;

    /// So many lines will never be written. Any thread.
    virtual void lost(std::uint64_t lines) = 0;
    /// Nothing can be written any more; told once until something was written again. Thread of the log.
    virtual void failed(const std::string& why) = 0;
    /// Lines were written after others were lost, or after a failure. `lost` of them since this was told
    /// last.
    virtual void caught_up(std::uint64_t lost) = 0;
};

}  // namespace sallyport::gateway
