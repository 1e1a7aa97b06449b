#include "pki/file_status.h"

#include <fcntl.h>

namespace sallyport::pki {
namespace {

std::optional<FileStatus> ask(int folder, const char* path, int flags) {
    struct statx answer {};
    if (::statx(folder, path, flags, STATX_BASIC_STATS, &answer) != 0) return std::nullopt;
    return FileStatus{answer.stx_mode,
                      answer.stx_uid,
                      std::uint64_t{answer.stx_dev_major} << 32U | answer.stx_dev_minor,
                      answer.stx_ino,
                      answer.stx_size,
                      answer.stx_mtime.tv_sec,
                      answer.stx_mtime.tv_nsec};
}

}  // namespace

std::optional<FileStatus> status_of(int fd) {
    return ask(fd, "", AT_EMPTY_PATH);
}

std::optional<FileStatus> status_of(const std::filesystem::path& path) {
    return ask(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW);
}

}  // namespace sallyport::pki
