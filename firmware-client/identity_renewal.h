#pragma once

#include "firmware-client/device.h"
#include "firmware-client/device_sync.h"
#include "firmware-client/object_watch.h"
#include "firmware-client/report.h"
#include "firmware-client/run_loop.h"
#include "firmware-client/trial.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::device {

/// A new certificate for the device: it makes a key, puts a request for it as `<ID>/device.csr` and takes the
/// answer from `<ID>/certs_device.p7b`. The old one stays in use until a connection with the new one has
/// succeeded (see identity_slots.h). A request that somebody removes before it is answered is put again, at
/// most every 5 seconds at first, every 5 minutes in the end. Begins when a third of the certificate's life
/// is left, or, for a device without one, when it is told to enrol.
class IdentityRenewal {
  public:
    /// All must outlive this.
    IdentityRenewal(Device& device, ObjectWatch& watch, DevicePuts& puts, Trial trial, Report& report,
                    bool enrol)
        : device_(device),
          watch_(watch),
          puts_(puts),
          trial_(std::move(trial)),
          report_(report),
          enrol_(enrol) {}

    /// `restart`: a new certificate is on the card. Errors: configuration with `update_refused`.
    Result<Next> check();

  private:
    bool is_wanted() const;
    Result<void> put_request(const std::string& request);
    Result<void> put_lost_request(const std::string& request);
    Result<Next> look_for_answer(EVP_PKEY& next_key);
    Result<Next> take(EVP_PKEY& next_key, const std::string& bundle, const std::string& etag);
    std::string fault_of(const ClientIdentity& identity) const;

    Device& device_;
    ObjectWatch& watch_;
    DevicePuts& puts_;
    Trial trial_;
    Report& report_;
    bool enrol_;
    std::optional<std::chrono::sys_seconds> put_at_;  ///< the request, since power-on
    std::chrono::seconds pause_{5};                   ///< before it may be put again
};

}  // namespace sallyport::device
