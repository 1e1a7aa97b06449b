#pragma once

#include "firmware-client/device.h"
#include "firmware-client/object_watch.h"
#include "firmware-client/report.h"
#include "firmware-client/run_loop.h"
#include "firmware-client/trial.h"

#include <string>

namespace sallyport::device {

/// Server certificates over the air. A new set takes the place of the old one only after one connection with
/// it succeeded: nothing could be sent to a device that trusts the wrong ones. A set that does not vouch for
/// the server of today is kept aside, and tried again when the old one no longer does.
class TrustUpdate {
  public:
    /// All must outlive this.
    TrustUpdate(Device& device, ObjectWatch& watch, Trial trial, Report& report)
        : device_(device), watch_(watch), trial_(std::move(trial)), report_(report) {}

    /// Looks for a new set. `restart`: it is on the card. Errors: configuration with `update_refused`.
    Result<Next> check();

    /// When the server is no longer trusted: tries the set that was kept aside. True: it is on the card.
    Result<bool> adopt_kept();

  private:
    Result<Next> take(const std::string& bytes, const std::string& etag);
    Result<void> install(const std::string& bytes);

    Device& device_;
    ObjectWatch& watch_;
    Trial trial_;
    Report& report_;
};

}  // namespace sallyport::device
