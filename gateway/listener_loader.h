#pragma once

#include "gateway/load.h"

#include <optional>

namespace sallyport::gateway {

/// Reads the certificates of one listener and makes its TLS side, or takes it over from the previous snapshot
/// when nothing has changed. `snapshot` holds the settings and the authorities. Nothing when there are
/// faults.
std::optional<ListenerRules> load_listener(const ListenerSettings& settings, const Snapshot& snapshot,
                                           Load& load);

}  // namespace sallyport::gateway
