#include "firmware-client/body_sink.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace sallyport::device {
namespace {

Error cannot(const char* what, const std::filesystem::path& path) {
    return {Fault::card, path.string() + ": cannot " + what + ": " + std::strerror(errno)};
}

std::string_view text_of(std::span<const std::byte> block) {
    return {reinterpret_cast<const char*>(block.data()), block.size()};
}

}  // namespace

Result<void> TextSink::take(std::span<const std::byte> block) {
    text.append(text_of(block));
    return {};
}

Result<void> PrefixSink::take(std::span<const std::byte> block) {
    text.append(text_of(block.first(std::min(block.size(), wanted_ - text.size()))));
    return {};
}

Result<FileSink> FileSink::create(std::filesystem::path path, std::uint64_t limit) {
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    Descriptor file{::open(path.c_str(), flags, 0644)};
    if (!file) return cannot("open", path);
    return FileSink{std::move(path), std::move(file), limit};
}

Result<void> FileSink::take(std::span<const std::byte> block) {
    while (!block.empty()) {
        const ssize_t count = ::write(file_.get(), block.data(), block.size());
        if (count < 0 && errno != EINTR) return cannot("write", path_);
        if (count > 0) block = block.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> FileSink::sync() {
    if (::fsync(file_.get()) != 0) return cannot("write", path_);
    return {};
}

}  // namespace sallyport::device
