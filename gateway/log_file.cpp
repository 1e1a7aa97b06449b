#include "gateway/log_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

constexpr mode_t mode_of_new_files = 0640;

std::string reason_of(int error) {
    return std::strerror(error);
}

std::optional<int> standard_stream(const std::string& target) {
    if (target == "stdout") return STDOUT_FILENO;
    if (target == "stderr") return STDERR_FILENO;
    return std::nullopt;
}

/// What is wrong with what lies at a log's path; empty when it may be one.
std::string why_not(const struct stat& status, LogFile::Kind kind) {
    if (S_ISLNK(status.st_mode)) return "is a symbolic link, which logs do not follow: name the file itself";
    if (S_ISDIR(status.st_mode)) return "is a folder";
    if (kind == LogFile::Kind::regular && !S_ISREG(status.st_mode)) return "is not a regular file";
    if (S_ISREG(status.st_mode) && (status.st_mode & S_IWOTH) != 0)
        return "may be written by everybody: chmod o-w";
    return "";
}

/// Of a failed open(2).
std::string why_not_opened(int error) {
    if (error == ELOOP) return "is a symbolic link, which logs do not follow: name the file itself";
    if (error == ENXIO) return "is a FIFO that nobody reads";
    return reason_of(error);
}

pki::Error unusable(const std::string& target, const std::string& why) {
    return {pki::Fault::runtime, "log " + target + ": " + why};
}

/// Never waits: neither for the reader of a FIFO nor for a device.
pki::Result<pki::Descriptor> open_file(const std::string& path, LogFile::Kind kind) {
    const int access = kind == LogFile::Kind::regular ? O_RDWR : O_WRONLY;
    pki::Descriptor file(::open(path.c_str(),
                                access | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                mode_of_new_files));
    if (file.get() < 0) return unusable(path, why_not_opened(errno));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return unusable(path, reason_of(errno));
    if (const std::string why = why_not(status, kind); !why.empty()) return unusable(path, why);
    // From here on a writer may wait: logs have threads of their own.
    const int flags = ::fcntl(file.get(), F_GETFL);
    if (flags < 0 || ::fcntl(file.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
        return unusable(path, reason_of(errno));
    return file;
}

}  // namespace

LogFile::LogFile(std::string target, Kind kind, pki::Descriptor file)
    : target_(std::move(target)),
      kind_(kind),
      file_(std::move(file)),
      descriptor_(standard_stream(target_).value_or(file_.get())) {}

pki::Result<LogFile> LogFile::open(const std::string& target, Kind kind) {
    if (standard_stream(target)) return LogFile(target, kind, pki::Descriptor(-1));
    auto file = open_file(target, kind);
    if (!file) return file.error();
    return LogFile(target, kind, std::move(*file));
}

std::string LogFile::why_unusable(const std::string& target, Kind kind) {
    if (standard_stream(target)) return "";
    struct stat status {};
    if (::lstat(target.c_str(), &status) == 0) {
        if (std::string why = why_not(status, kind); !why.empty()) return why;
        if (S_ISFIFO(status.st_mode)) {
            const pki::Descriptor file(::open(target.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
            return file.get() < 0 ? why_not_opened(errno) : "";
        }
        return ::access(target.c_str(), W_OK) == 0 ? "" : reason_of(errno);
    }
    if (errno != ENOENT) return reason_of(errno);
    const auto folder = std::filesystem::path(target).parent_path();
    const std::string name = folder.empty() ? "." : folder.string();
    if (::access(name.c_str(), W_OK | X_OK) == 0) return "";
    return "cannot be made: folder " + name + ": " + reason_of(errno);
}

LogFile::Written LogFile::append(std::string_view lines) {
    if (line_is_torn_) {
        if (::write(descriptor_, "\n", 1) != 1) return {0, reason_of(errno)};
        line_is_torn_ = false;
    }
    std::size_t written = 0;
    while (written < lines.size()) {
        const ssize_t count = ::write(descriptor_, lines.data() + written, lines.size() - written);
        if (count > 0) {
            written += static_cast<std::size_t>(count);
        } else if (count == 0 || errno != EINTR) {
            const std::string failed = count == 0 ? "takes nothing" : reason_of(errno);
            const std::size_t whole = lines.substr(0, written).rfind('\n') + 1;  // npos + 1 is 0
            line_is_torn_ = whole < written && !take_back(written - whole);
            return {whole, failed};
        }
    }
    return {written, ""};
}

/// Only what we have written last, and what can be taken back: a pipe has no end to be moved.
bool LogFile::take_back(std::size_t bytes) const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
    return end == status.st_size && end >= static_cast<off_t>(bytes) &&
           ::ftruncate(descriptor_, end - static_cast<off_t>(bytes)) == 0;
}

std::string LogFile::sync() const {
    return ::fdatasync(descriptor_) == 0 ? "" : reason_of(errno);
}

bool LogFile::is_removed() const {
    struct stat own {};
    return ::fstat(descriptor_, &own) == 0 && S_ISREG(own.st_mode) && own.st_nlink == 0;
}

bool LogFile::is_moved() const {
    if (standard_stream(target_)) return false;
    struct stat ours {};
    struct stat named {};
    if (::fstat(descriptor_, &ours) != 0) return true;
    return ::lstat(target_.c_str(), &named) != 0 || ours.st_dev != named.st_dev ||
           ours.st_ino != named.st_ino;
}

pki::Result<void> LogFile::reopen() {
    const auto fresh = open(target_, kind_);
    if (!fresh) return fresh.error();
    return become(*fresh);
}

pki::Result<void> LogFile::become(const LogFile& other) {
    if (::dup3(other.descriptor_, descriptor_, O_CLOEXEC) < 0) return unusable(target_, reason_of(errno));
    line_is_torn_ = false;
    return {};
}

}  // namespace sallyport::gateway
