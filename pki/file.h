#pragma once

#include "pki/result.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace sallyport::pki {

/// Reads a whole file of at most `max_bytes`. Errors: missing, not a regular file, too large, not readable.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

/// The same for a file that holds a secret: refused when group or others may read or write it (mode bits
/// 077), or when it belongs to somebody who is neither this user nor root.
Result<std::string> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Replaces `path` in one step: writes beside it with `mode`, fsyncs, renames, fsyncs the folder. After a
/// crash at any point the file has its old or its new content, whole.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode);

/// Removes what replace_file left beside `path` when it was killed. Nobody else may be writing that file.
Result<void> remove_unfinished(const std::filesystem::path& path);

/// Wipes the bytes of a secret before they are freed.
void wipe(std::string& secret) noexcept;

}  // namespace sallyport::pki
