#pragma once

#include "gateway/load.h"

#include <memory>

namespace sallyport::gateway {

/// Reads the certificates that clients of one kind must chain to. Null when there are faults. `section` is
/// their place in the configuration.
std::shared_ptr<const ClientAuthority> load_authority(const ClientAuthoritySettings& settings,
                                                      std::string_view section, Load& load);

/// An operator may do what no device may: whoever issues devices must not be able to make one. A fault when a
/// CA of one kind is, or leads to, an anchor of the other.
void check_apart(const ClientAuthority& devices, const ClientAuthority& operators, Load& load);

}  // namespace sallyport::gateway
