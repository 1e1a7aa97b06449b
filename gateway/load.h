#pragma once

#include "gateway/snapshot.h"

#include <string>
#include <string_view>

namespace sallyport::gateway {

/// What all parts of one load know, and where they report.
struct Load {
    const Snapshot* previous;  ///< null at a start
    std::chrono::sys_seconds now;
    Purpose purpose;
    LoadedSnapshot result;

    void fault(std::string line) { result.faults.push_back(std::move(line)); }
    bool is_start() const { return previous == nullptr && purpose == Purpose::service; }
    /// What time alone brings about stops a start, but not the reload of a gateway that runs.
    void aged(std::string line) { (is_start() ? result.faults : result.warnings).push_back(std::move(line)); }
};

inline constexpr std::size_t max_pem_bytes = 1U << 20U;

/// The digest itself, not its hexadecimal form.
std::string sha256(std::string_view bytes);

}  // namespace sallyport::gateway
