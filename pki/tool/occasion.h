#pragma once

#include <chrono>
#include <string>

namespace sallyport::pki {

/// When, by whom and for what a command changes the depot; goes into the audit log with each change.
struct Occasion {
    std::chrono::sys_seconds now;
    std::string who;       ///< as from current_user()
    std::string why = {};  ///< what the operator gave with --why; may be empty
};

/// The user of this process, e.g. "alice (uid 1000)", and behind sudo "root (uid 0) for alice".
std::string current_user();

}  // namespace sallyport::pki
