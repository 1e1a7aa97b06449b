#pragma once

#include "gateway/device_inventory.h"

#include <string>
#include <vector>

namespace sallyport::gateway {

/// `/status?view=devices`: which device agreed on what, so that it shows who still needs CBC or static RSA.
std::string devices_view(const DeviceInventory& inventory);

/// `/status?view=shadow`: what mode high would say to each device of a listener in shadow mode.
std::string shadow_view(const DeviceInventory& inventory);

}  // namespace sallyport::gateway
