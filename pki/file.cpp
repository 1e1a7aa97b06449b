#include "pki/file.h"

#include "pki/descriptor.h"
#include "pki/file_status.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

/// Of the name of a file that replace_file writes, as mkostemp(3) wants it.
constexpr std::string_view random_part = "XXXXXX";

Error system_error(const std::filesystem::path& path, std::string_view doing) {
    const bool callers =
        errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == EISDIR || errno == ELOOP;
    return {callers ? Fault::input : Fault::runtime,
            path.string() + ": " + std::string(doing) + ": " + std::strerror(errno)};
}

Result<std::string> read_all(int fd, const std::filesystem::path& path, std::size_t max_bytes,
                             std::size_t expected_bytes) {
    std::string content;
    content.reserve(expected_bytes);  // growing would leave copies behind: of secrets, and of large files
    struct Block {
        char bytes[64 * 1024];
        ~Block() { OPENSSL_cleanse(bytes, sizeof bytes); }
    } block;
    const auto fail = [&content](Error error) {
        wipe(content);
        return error;
    };
    for (;;) {
        const ssize_t count = ::read(fd, block.bytes, sizeof block.bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(system_error(path, "cannot read"));
        if (count == 0) break;
        if (content.size() + static_cast<std::size_t>(count) > max_bytes) {
            return fail({Fault::input, path.string() + ": larger than the limit of " +
                                           std::to_string(max_bytes) + " bytes"});
        }
        content.append(block.bytes, static_cast<std::size_t>(count));
    }
    return content;
}

enum class Secrecy { open, secret };

Result<std::string> read_checked(const std::filesystem::path& path, std::size_t max_bytes, Secrecy secrecy) {
    // O_NONBLOCK: a FIFO in the place of a file must not hang the program.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) return system_error(path, "cannot open");
    const auto status = status_of(file.get());
    if (!status) return system_error(path, "cannot read");
    if (!status->is_file()) return Error{Fault::input, path.string() + ": not a regular file"};
    if (status->size > max_bytes) {
        return Error{Fault::input,
                     path.string() + ": larger than the limit of " + std::to_string(max_bytes) + " bytes"};
    }
    if (secrecy == Secrecy::secret) {
        if ((status->mode & 077U) != 0) {
            char mode[8];
            std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(status->mode & 07777U));
            return Error{Fault::input, path.string() + ": others may read this secret (mode " + mode +
                                           "); run chmod 600 " + path.string()};
        }
        if (status->owner != ::geteuid() && status->owner != 0) {
            return Error{Fault::input, path.string() + ": this secret belongs to another user (uid " +
                                           std::to_string(status->owner) + ")"};
        }
    }
    return read_all(file.get(), path, max_bytes, static_cast<std::size_t>(status->size));
}

Result<void> write_all(int fd, std::string_view content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error(path, "cannot write");
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    return read_checked(path, max_bytes, Secrecy::open);
}

Result<std::string> read_secret_file(const std::filesystem::path& path, std::size_t max_bytes) {
    return read_checked(path, max_bytes, Secrecy::secret);
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    std::string fresh = (folder / ("." + path.filename().string() + "." + std::string(random_part))).string();
    const Descriptor file(::mkostemp(fresh.data(), O_CLOEXEC));
    if (file.get() < 0) return system_error(path, "cannot create a file beside it");
    const auto fail = [&](Error error) {
        ::unlink(fresh.c_str());
        return error;
    };
    if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0)
        return fail(system_error(path, "cannot set its mode"));
    if (auto written = write_all(file.get(), content, path); !written) return fail(written.error());
    if (::fsync(file.get()) != 0) return fail(system_error(path, "cannot sync"));
    if (::rename(fresh.c_str(), path.c_str()) != 0) return fail(system_error(path, "cannot replace"));
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0) return system_error(folder, "cannot sync");
    return {};
}

Result<void> remove_unfinished(const std::filesystem::path& path) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const std::string prefix = "." + path.filename().string() + ".";
    std::error_code code;
    for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
        const std::string name = at->path().filename().string();
        const bool unfinished = name.size() == prefix.size() + random_part.size() && name.starts_with(prefix);
        if (unfinished) std::filesystem::remove(at->path(), code);
        if (code) break;
    }
    if (code) return Error{Fault::runtime, folder.string() + ": " + code.message()};
    return {};
}

void wipe(std::string& secret) noexcept {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

}  // namespace sallyport::pki
