#pragma once

#include "gateway/load.h"

namespace sallyport::gateway {

/// Reads what section `access_keys` names: the keys of devices, and the secrets that signatures are checked
/// with. Both stay as they were when there are faults.
void load_access_keys(Snapshot& snapshot, Load& load);

}  // namespace sallyport::gateway
