#pragma once

#include "firmware-client/simulated_fleet.h"

namespace sallyport::device {

/// Lets a fleet visit its gateway and prints what came of it; on a terminal also how far it is. Exit code: 0
/// when every visit went well, 1 when some did not, 2 when the fleet cannot be read.
int simulate(const SimulationOptions& options);

}  // namespace sallyport::device
