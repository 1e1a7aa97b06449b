#pragma once

#include "firmware-client/device.h"

#include <chrono>
#include <string>

namespace sallyport::device {

/// What `sallyport-device status` prints: who the device is, what it trusts and until when, and what waits
/// for upload. Several lines for people; no secret. Errors: card.
Result<std::string> status_text(const Device& device, std::chrono::sys_seconds now);

}  // namespace sallyport::device
