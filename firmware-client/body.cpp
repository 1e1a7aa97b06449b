#include "firmware-client/body.h"

#include "pki/file_status.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace sallyport::device {
namespace {

Error file_error(const std::filesystem::path& path, std::string_view what) {
    return {Fault::card, path.string() + ": " + std::string{what}};
}

}  // namespace

Result<std::span<const std::byte>> TextBody::next() {
    if (std::exchange(given_, true)) return std::span<const std::byte>{};
    return std::as_bytes(std::span{text_});
}

Result<void> TextBody::rewind() {
    given_ = false;
    return {};
}

FileBody::FileBody(std::filesystem::path path, Descriptor file, const Stamp& opened,
                   std::span<std::byte> block)
    : path_(std::move(path)), file_(std::move(file)), opened_(opened), size_(opened.size), block_(block) {}

Result<FileBody::Stamp> FileBody::stamp_of(int fd, const std::filesystem::path& path) {
    const auto status = pki::status_of(fd);
    if (!status) return file_error(path, std::strerror(errno));
    if (!status->is_file()) return file_error(path, "not a regular file");
    return Stamp{status->device, status->inode, status->size, status->modified_seconds,
                 status->modified_nanoseconds};
}

Result<FileBody> FileBody::open(const std::filesystem::path& path, std::span<std::byte> buffer) {
    Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!file) return file_error(path, std::string{"cannot open: "} + std::strerror(errno));
    const auto opened = stamp_of(file.get(), path);
    if (!opened) return opened.error();
    return FileBody{path, std::move(file), *opened, buffer};
}

Result<FileBody> FileBody::open(const std::filesystem::path& path) {
    std::vector<std::byte> own(block_bytes);
    auto body = open(path, own);
    if (body) body->own_ = std::move(own);
    return body;
}

Result<std::span<const std::byte>> FileBody::next() {
    const std::uint64_t left = size_ - offset_;
    if (left == 0) return std::span<const std::byte>{};
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, block_.size()));
    for (;;) {
        const ssize_t count = ::pread(file_.get(), block_.data(), wanted, static_cast<off_t>(offset_));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return file_error(path_, std::string{"cannot read: "} + std::strerror(errno));
        if (count == 0) return file_error(path_, "became shorter while it was read");
        offset_ += static_cast<std::uint64_t>(count);
        return std::span<const std::byte>{block_.data(), static_cast<std::size_t>(count)};
    }
}

Result<void> FileBody::rewind() {
    offset_ = 0;
    return {};
}

std::chrono::sys_seconds FileBody::modified() const {
    return std::chrono::sys_seconds{std::chrono::seconds{opened_.seconds}};
}

bool FileBody::unchanged() const {
    const Descriptor there{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!there) return false;
    const auto now = stamp_of(there.get(), path_);
    return now && *now == opened_;
}

Result<std::span<const std::byte>> HashedBody::next() {
    auto block = body_.next();
    if (!block) return block;
    hash_.update(*block);
    passed_ += block->size();
    if (progress_) progress_(passed_);
    return block;
}

Result<void> HashedBody::rewind() {
    hash_ = s3::PayloadHash{algorithm_};
    passed_ = 0;
    return body_.rewind();
}

}  // namespace sallyport::device
