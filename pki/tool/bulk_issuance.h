#pragma once

#include "pki/result.h"
#include "pki/tool/answer.h"
#include "pki/tool/depot.h"
#include "pki/tool/leaf.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace sallyport::pki {

struct BulkRequest {
    std::filesystem::path csv = {};       ///< column device_id
    std::string first = {}, last = {};    ///< instead: a range of IDs, both included
    std::filesystem::path requests = {};  ///< a folder with ID.csr for each device; empty: keys are made here
    unsigned threads = 0;                 ///< 0: as many as processors
    bool also_revoked = false;            ///< those whose newest certificate is revoked get one, too
    IssuingOptions options = {};
};

/// At most this many devices in one command.
inline constexpr std::size_t max_bulk_devices = 1'000'000;

/// Called from time to time, by one thread at a time.
using Progress = std::function<void(std::size_t done, std::size_t all)>;

/// Issues to many devices on all processors. Devices that have a certificate in use already are passed over,
/// so that a command that was interrupted is simply given again; so are those whose newest one is revoked,
/// with a warning. Files are made durable, and certificates
/// recorded, in batches; what was not recorded was never issued. Errors: input: each faulty line and each
/// missing or unusable request, before anything is issued.
Result<Answer> issue_devices(Depot& depot, const BulkRequest& request, const Progress& progress,
                             const Occasion& occasion);

}  // namespace sallyport::pki
