#pragma once

#include "firmware-client/result.h"
#include "firmware-client/socket.h"
#include "s3/payload_hash.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::device {

/// A request body of known length that is read block by block and can be read again.
class Body {
  public:
    virtual ~Body() = default;
    virtual std::uint64_t size() const = 0;
    /// The next block, valid until the next call; empty exactly at the end. Together the blocks are size()
    /// bytes, or it is an error.
    virtual Result<std::span<const std::byte>> next() = 0;
    virtual Result<void> rewind() = 0;
};

/// A small body in memory.
class TextBody final : public Body {
  public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    std::uint64_t size() const override { return text_.size(); }
    Result<std::span<const std::byte>> next() override;
    Result<void> rewind() override;

  private:
    std::string text_;
    bool given_ = false;
};

/// A file of the card through one buffer. A file that shrinks while it is read is an error.
class FileBody final : public Body {
  public:
    /// What tells whether a file is still the same.
    struct Stamp {
        std::uint64_t device, inode, size;
        std::int64_t seconds, nanoseconds;
        bool operator==(const Stamp&) const = default;
    };

    static constexpr std::size_t block_bytes = 64 * 1024;

    /// Regular files only; a symbolic link is refused, it could point out of the card. `buffer` is not empty
    /// and must outlive this. Errors: card.
    static Result<FileBody> open(const std::filesystem::path& path, std::span<std::byte> buffer);
    /// The same with a buffer of its own.
    static Result<FileBody> open(const std::filesystem::path& path);

    std::uint64_t size() const override { return size_; }
    Result<std::span<const std::byte>> next() override;
    Result<void> rewind() override;

    /// Last modification, as it was when the file was opened.
    std::chrono::sys_seconds modified() const;

    /// Whether `path` still is this very file with the size and times it had when it was opened: only then
    /// do the bytes that were sent stand for the whole file.
    bool unchanged() const;

    /// As it was when it was opened.
    const Stamp& stamp() const { return opened_; }

  private:
    static Result<Stamp> stamp_of(int fd, const std::filesystem::path& path);

    FileBody(std::filesystem::path path, Descriptor file, const Stamp& opened, std::span<std::byte> block);

    std::filesystem::path path_;
    Descriptor file_;
    Stamp opened_;
    std::uint64_t size_;
    std::uint64_t offset_ = 0;
    std::vector<std::byte> own_;  ///< moves without moving what `block_` looks at
    std::span<std::byte> block_;
};

/// Passes another body on, hashes what passes and reports how far it is.
class HashedBody final : public Body {
  public:
    using Progress = std::function<void(std::uint64_t bytes)>;

    /// `body` must outlive this; `progress` may be empty.
    HashedBody(Body& body, s3::HashAlgorithm algorithm, Progress progress)
        : body_(body), algorithm_(algorithm), progress_(std::move(progress)) {}
    std::uint64_t size() const override { return body_.size(); }
    Result<std::span<const std::byte>> next() override;
    Result<void> rewind() override;

    /// Lower-case hexadecimal, of all that passed since the last rewind; once.
    std::string hash() { return hash_.finish(); }

  private:
    Body& body_;
    s3::HashAlgorithm algorithm_;
    Progress progress_;
    std::uint64_t passed_ = 0;
    s3::PayloadHash hash_{algorithm_};
};

}  // namespace sallyport::device
