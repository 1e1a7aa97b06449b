#pragma once

#include "firmware-client/card.h"
#include "firmware-client/result.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace sallyport::device {

/// What `sallyport-device record` makes.
struct RecordPlan {
    std::uint64_t files = 1;
    std::uint64_t file_bytes = 10 * 1000 * 1000;
    std::string extension = "MF4";
};

/// The smallest file that has a header.
inline constexpr std::uint64_t least_log_bytes = 256;
/// A session has at most this many splits; then the next one begins.
inline constexpr unsigned most_splits = 256;

/// The number of the session that begins now: `meta/meta_log.json` says it once, and the folder goes then;
/// else it is one more than the highest on the card. Errors: card.
Result<unsigned> begin_session(const Card& card, std::string_view device_id);

/// Writes closed log files as a logger does: `LOG/<ID>/<session>/<split>.<extension>`, each under another
/// name until it is whole, so that no upload sees a part of it. What is in them satisfies the tools that look
/// for a start time, and is random beyond. `start`: of the first one. Returns the number of bytes written.
/// Errors: configuration, for a plan that cannot be; card.
Result<std::uint64_t> record_log_files(const Card& card, std::string_view device_id, const RecordPlan& plan,
                                       std::chrono::sys_seconds start);

}  // namespace sallyport::device
