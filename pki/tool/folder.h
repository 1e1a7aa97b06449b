#pragma once

#include "pki/result.h"

#include <filesystem>
#include <string_view>

namespace sallyport::pki {

/// Makes a folder with mode 0700, durably; an existing folder is left as it is. Its parent must exist.
Result<void> make_private_folder(const std::filesystem::path& path);

/// Makes the entries of a folder (files made, renamed, removed) survive a power failure.
Result<void> sync_folder(const std::filesystem::path& path);

/// Writes a file that must not exist yet. It is not durable before the file system is synced.
Result<void> write_new_file(const std::filesystem::path& path, std::string_view content, unsigned mode);

enum class FileType { folder, file };

/// Refuses a secret file or folder that is not of this type, belongs to another user or is open to others
/// (mode bits 077); the error says which chmod or chown mends it. A missing one is an error too.
Result<void> check_private(const std::filesystem::path& path, FileType type);

/// The POSIX error of the last call as an error about `path`.
Error errno_error(const std::filesystem::path& path, std::string_view doing);

}  // namespace sallyport::pki
