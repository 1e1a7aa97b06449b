#pragma once

#include "gateway/load.h"

#include <memory>

namespace sallyport::gateway {

/// Reads the files of section `store`. Null when there are faults. A store that has not changed is taken over
/// with all that is known of it.
std::shared_ptr<StoreUpstream> load_store(const StoreSettings& settings, Load& load);

}  // namespace sallyport::gateway
