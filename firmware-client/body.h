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

/// A file of the card through one buffer of 64 KiB. A file that shrinks while it is read is an error.
class FileBody final : public Body {
  public:
    /// What tells whether a file is still the same.
    struct Stamp {
        std::uint64_t device, inode, size;
        std::int64_t seconds, nanoseconds;
        bool operator==(const Stamp&) const = default;
    };

    /// Regular files only; a symbolic link is refused, it could point out of the card. Errors: card.
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
    static constexpr std::size_t block_bytes = 64 * 1024;
    static Result<Stamp> stamp_of(int fd, const std::filesystem::path& path);

    FileBody(std::filesystem::path path, Descriptor file, const Stamp& opened);

    std::filesystem::path path_;
    Descriptor file_;
    Stamp opened_;
    std::uint64_t size_;
    std::uint64_t offset_ = 0;
    std::vector<std::byte> block_;
};

/// Passes another body on, hashes what passes and reports how far it is.
class HashedBody final : public Body {
  public:
    using Progress = std::function<void(std::uint64_t bytes)>;

    /// `body` must outlive this; `progress` may be empty.
    HashedBody(Body& body, Progress progress) : body_(body), progress_(std::move(progress)) {}
    std::uint64_t size() const override { return body_.size(); }
    Result<std::span<const std::byte>> next() override;
    Result<void> rewind() override;

    /// Lower-case hexadecimal, of all that passed since the last rewind; once.
    std::string sha256() { return sha256_.finish(); }
    std::string md5() { return md5_.finish(); }

  private:
    Body& body_;
    Progress progress_;
    std::uint64_t passed_ = 0;
    s3::PayloadHash sha256_{s3::HashAlgorithm::sha256};
    s3::PayloadHash md5_{s3::HashAlgorithm::md5};
};

}  // namespace sallyport::device
