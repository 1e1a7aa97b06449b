#include "gateway/log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include <climits>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
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

/// Never waits: neither for the reader of a FIFO nor for a device. Nor does a write to it.
pki::Result<pki::Descriptor> open_file(const std::string& path, LogFile::Kind kind) {
    const int access = kind == LogFile::Kind::regular ? O_RDWR : O_WRONLY;
    pki::Descriptor file(::open(path.c_str(),
                                access | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                mode_of_new_files));
    if (file.get() < 0) return unusable(path, why_not_opened(errno));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return unusable(path, reason_of(errno));
    if (const std::string why = why_not(status, kind); !why.empty()) return unusable(path, why);
    return file;
}

mode_t type_of(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

/// The same pipe or terminal, opened anew: that writes to it do not wait must not be imposed on everybody who
/// has inherited it. None when it cannot be opened, such as a socket, or after a change of user; of a pipe it
/// is imposed then, since two who write to one can each find room that is there for one alone.
pki::Descriptor opened_anew(int stream) {
    const mode_t type = type_of(stream);
    if (type != S_IFIFO && type != S_IFCHR) return pki::Descriptor(-1);
    const std::string name = "/proc/self/fd/" + std::to_string(stream);
    pki::Descriptor anew(::open(name.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (anew.get() < 0 && type == S_IFIFO) ::fcntl(stream, F_SETFL, ::fcntl(stream, F_GETFL) | O_NONBLOCK);
    return anew;
}

/// What goes into one write, whole lines: of a pipe that is not full PIPE_BUF bytes are taken at once, and
/// lines of others who write to it stand between ours, never within (pipe(7)). Within a longer line they can
/// when the pipe is nearly full.
std::string_view piece_of(std::string_view lines) {
    if (lines.size() <= PIPE_BUF) return lines;
    const std::size_t whole = lines.rfind('\n', PIPE_BUF - 1) + 1;  // npos + 1 is 0
    return lines.substr(0, whole > 0 ? whole : lines.find('\n') + 1);
}

}  // namespace

LogFile::LogFile(std::string target, Kind kind, pki::Descriptor file)
    : target_(std::move(target)),
      kind_(kind),
      file_(std::move(file)),
      descriptor_(file_.get() >= 0 ? file_.get() : standard_stream(target_).value_or(-1)),
      type_(type_of(descriptor_)) {}

pki::Result<LogFile> LogFile::open(const std::string& target, Kind kind) {
    if (const auto stream = standard_stream(target)) return LogFile(target, kind, opened_anew(*stream));
    auto file = open_file(target, kind);
    if (!file) return file.error();
    return LogFile(target, kind, std::move(*file));
}

std::string LogFile::why_unusable(const std::string& target, Kind kind) {
    if (standard_stream(target)) return "";
    struct stat status {};
    if (::lstat(target.c_str(), &status) == 0) {
        if (std::string why = why_not(status, kind); !why.empty()) return why;
        // Of a FIFO, too: to open and close it would be its end for who reads it.
        return ::access(target.c_str(), W_OK) == 0 ? "" : reason_of(errno);
    }
    if (errno != ENOENT) return reason_of(errno);
    const auto folder = std::filesystem::path(target).parent_path();
    const std::string name = folder.empty() ? "." : folder.string();
    if (::access(name.c_str(), W_OK | X_OK) == 0) return "";
    return "cannot be made: folder " + name + ": " + reason_of(errno);
}

LogFile::Written LogFile::append(std::string_view lines, std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    std::size_t written = 0;
    while (line_is_torn_ || written < lines.size()) {
        if (!is_ready(until)) return {written, "its reader has stopped", true};
        const ssize_t count = write_some(line_is_torn_ ? std::string_view("\n") : lines.substr(written));
        if (count > 0 && line_is_torn_) {
            line_is_torn_ = is_within_line_ = false;
        } else if (count > 0) {
            written += static_cast<std::size_t>(count);
            is_within_line_ = lines[written - 1] != '\n';
        } else if (count == 0) {
            return cut_short(lines, written, "takes nothing");
        } else if (errno == EAGAIN) {  // though it was ready: others write to it, too
            if (std::chrono::steady_clock::now() >= until) return {written, "its reader has stopped", true};
        } else if (errno != EINTR) {
            return cut_short(lines, written, reason_of(errno));
        }
    }
    return {written, ""};
}

/// Can something be written, or be learned of why not?
bool LogFile::is_ready(std::chrono::steady_clock::time_point until) const {
    if (type_ == S_IFREG) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd waiting{descriptor_, POLLOUT, 0};
    return ::poll(&waiting, 1, static_cast<int>(std::max(left.count(), std::int64_t{0}))) > 0;
}

ssize_t LogFile::write_some(std::string_view lines) const {
    if (type_ == S_IFREG) return ::write(descriptor_, lines.data(), lines.size());
    const std::string_view piece = piece_of(lines);
    return type_ == S_IFSOCK ? ::send(descriptor_, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                             : ::write(descriptor_, piece.data(), piece.size());
}

LogFile::Written LogFile::cut_short(std::string_view lines, std::size_t written, std::string failed) {
    const std::size_t whole = lines.substr(0, written).rfind('\n') + 1;  // npos + 1 is 0
    if (whole < written && take_back(written - whole)) is_within_line_ = false;
    line_is_torn_ = is_within_line_;
    return {whole, std::move(failed), false, line_is_torn_ ? written - whole : 0};
}

/// Only what we have written last, and what can be taken back: a pipe has no end to be moved.
bool LogFile::take_back(std::size_t bytes) const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    const off_t end = ::lseek(descriptor_, 0, SEEK_CUR);
    return end == status.st_size && end >= static_cast<off_t>(bytes) &&
           ::ftruncate(descriptor_, end - static_cast<off_t>(bytes)) == 0 &&
           ::lseek(descriptor_, 0, SEEK_END) >= 0;  // a redirected stream has no O_APPEND
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
    type_ = type_of(descriptor_);
    is_within_line_ = line_is_torn_ = false;
    return {};
}

void say_on_standard_error(std::string_view line) {
    if (auto stream = LogFile::open("stderr")) stream->append(std::string(line) + '\n');
}

}  // namespace sallyport::gateway
