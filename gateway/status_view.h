#pragma once

#include "gateway/recent_events.h"
#include "gateway/worker.h"

#include <chrono>
#include <string>

namespace sallyport::gateway {

/// What the process says of itself.
struct ProcessState {
    std::chrono::system_clock::time_point started;
    bool draining = false;
};

/// `/status`: listeners, certificates, CRLs, the store, and what devices agreed on. Names no device.
std::string status_view(const Shared& shared, const ProcessState& process);

/// `/status?view=events`: the last lines of the event log.
std::string events_view(const RecentEvents& recent);

/// `/readyz`: its text, whether ready or not.
std::string readiness_view(const Shared& shared, bool draining);

}  // namespace sallyport::gateway
