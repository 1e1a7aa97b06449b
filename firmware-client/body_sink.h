#pragma once

#include "firmware-client/result.h"
#include "firmware-client/socket.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace sallyport::device {

/// Takes the body of an answer block by block.
class BodySink {
  public:
    virtual ~BodySink() = default;
    /// A longer body is refused before it is taken.
    virtual std::uint64_t limit() const = 0;
    virtual Result<void> take(std::span<const std::byte> block) = 0;
};

/// Keeps a small body in memory.
class TextSink final : public BodySink {
  public:
    explicit TextSink(std::size_t limit) : limit_(limit) {}
    std::uint64_t limit() const override { return limit_; }
    Result<void> take(std::span<const std::byte> block) override;
    std::string text;

  private:
    std::size_t limit_;
};

/// Keeps the first bytes of a body that may be long: a server may answer a request for a range with the
/// whole.
class PrefixSink final : public BodySink {
  public:
    PrefixSink(std::size_t wanted, std::uint64_t limit) : wanted_(wanted), limit_(limit) {}
    std::uint64_t limit() const override { return limit_; }
    Result<void> take(std::span<const std::byte> block) override;
    std::string text;

  private:
    std::size_t wanted_;
    std::uint64_t limit_;
};

/// Writes a body to a file, which is empty at first. Its bytes are safe from a power loss after `sync`.
class FileSink final : public BodySink {
  public:
    /// Replaces what is at `path`; a link there is refused. Errors: card.
    static Result<FileSink> create(std::filesystem::path path, std::uint64_t limit);
    std::uint64_t limit() const override { return limit_; }
    Result<void> take(std::span<const std::byte> block) override;
    Result<void> sync();

  private:
    FileSink(std::filesystem::path path, Descriptor file, std::uint64_t limit)
        : path_(std::move(path)), file_(std::move(file)), limit_(limit) {}

    std::filesystem::path path_;
    Descriptor file_;
    std::uint64_t limit_;
};

}  // namespace sallyport::device
