#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <sys/stat.h>

namespace sallyport::pki {

/// What statx(2) says of a file. stat(2), which std::filesystem uses, fails with EOVERFLOW where time_t has
/// 32 bits and the file is dated after January 2038, as a device's card is whose clock once was wrong.
struct FileStatus {
    mode_t mode = 0;  ///< type and permissions
    uid_t owner = 0;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_seconds = 0;  ///< since 1970
    std::uint32_t modified_nanoseconds = 0;

    bool is_file() const { return (mode & S_IFMT) == S_IFREG; }
    bool is_folder() const { return (mode & S_IFMT) == S_IFDIR; }
};

/// Of an open file. Nothing: errno says why.
std::optional<FileStatus> status_of(int fd);

/// Of what lies at `path`; of a link itself, not of what it leads to. Nothing: errno says why.
std::optional<FileStatus> status_of(const std::filesystem::path& path);

}  // namespace sallyport::pki
