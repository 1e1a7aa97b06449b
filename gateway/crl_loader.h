#pragma once

#include "gateway/load.h"

#include <vector>

namespace sallyport::gateway {

/// Reads the CRLs that `settings` names, against what was in force before: in the previous snapshot, or at a
/// start what the archive remembers. `authorities` may sign them. What cannot be taken is an alarm as long as
/// something is in force, else a fault.
pki::RevocationIndex load_revocation(const Settings& settings, const std::vector<X509*>& authorities,
                                     Load& load);

}  // namespace sallyport::gateway
