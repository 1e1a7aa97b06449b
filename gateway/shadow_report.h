#pragma once

#include "gateway/admin_settings.h"

#include <string>

namespace sallyport::gateway {

/// What a running gateway's shadow mode has seen.
struct ShadowReport {
    std::string text;         ///< for people
    std::string json;         ///< as the gateway gave it
    std::size_t refused = 0;  ///< devices that mode high would refuse, or of which it would deny requests
    bool is_clean = false;    ///< nobody is known whom mode high would not serve, and nobody was left out
};

/// Asks the admin listener of the gateway. `all`: devices that mode high would serve are listed, too. Throws
/// std::runtime_error when it cannot be asked (see ask_admin()).
ShadowReport fetch_shadow_report(const AdminSettings& admin, bool all);

/// The text of a report from what `/status?view=shadow` gave. Throws std::exception for anything else.
ShadowReport shadow_report(std::string json, bool all);

}  // namespace sallyport::gateway
