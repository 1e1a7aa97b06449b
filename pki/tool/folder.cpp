#include "pki/tool/folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {

Error errno_error(const std::filesystem::path& path, std::string_view doing) {
    const int code = errno;
    const bool callers =
        code == ENOENT || code == ENOTDIR || code == EACCES || code == EPERM || code == ELOOP;
    return {callers ? Fault::input : Fault::runtime,
            path.string() + ": " + std::string(doing) + ": " + std::strerror(code)};
}

Result<void> sync_folder(const std::filesystem::path& path) {
    const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return errno_error(path, "cannot open");
    const int synced = ::fsync(folder);
    const Error error = errno_error(path, "cannot sync");
    ::close(folder);
    if (synced != 0) return error;
    return {};
}

Result<void> make_private_folder(const std::filesystem::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0) {
        if (errno == EEXIST && std::filesystem::is_directory(path)) return {};
        return errno_error(path, "cannot make this folder");
    }
    return sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

Result<void> write_new_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) return errno_error(path, "cannot make it");
    bool written = ::fchmod(fd, mode) == 0;
    while (written && !content.empty()) {
        const ssize_t size = ::write(fd, content.data(), content.size());
        if (size < 0 && errno == EINTR) continue;
        written = size > 0;
        if (written) content.remove_prefix(static_cast<std::size_t>(size));
    }
    const Error error = errno_error(path, "cannot write");
    ::close(fd);
    if (!written) return error;
    return {};
}

Result<void> check_private(const std::filesystem::path& path, FileType type) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return errno_error(path, "cannot read");
    const bool expected = type == FileType::folder ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode);
    if (!expected) {
        return Error{Fault::input,
                     path.string() + (type == FileType::folder ? ": not a folder" : ": not a regular file")};
    }
    if (status.st_uid != ::geteuid()) {
        return Error{Fault::input, path.string() + ": belongs to user " + std::to_string(status.st_uid) +
                                       "; run as that user, or chown -R the depot to user " +
                                       std::to_string(::geteuid())};
    }
    if ((status.st_mode & 077U) != 0) {
        char mode[8];
        static_cast<void>(
            std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status.st_mode & 07777U)));
        return Error{Fault::input, path.string() + ": open to other users (mode " + mode + "); run chmod " +
                                       (type == FileType::folder ? "700 " : "600 ") + path.string()};
    }
    return {};
}

}  // namespace sallyport::pki
