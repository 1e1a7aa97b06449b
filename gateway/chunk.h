#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>

namespace sallyport::gateway {

/// chunk-size CRLF (RFC 9112 7.1).
class ChunkHeader {
  public:
    explicit ChunkHeader(std::size_t bytes) {
        auto* end = std::to_chars(text_, text_ + sizeof text_ - 2, bytes, 16).ptr;
        *end++ = '\r';
        *end++ = '\n';
        size_ = static_cast<std::size_t>(end - text_);
    }
    std::string_view text() const { return {text_, size_}; }

  private:
    char text_[20];
    std::size_t size_;
};

constexpr std::string_view end_of_chunk = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace sallyport::gateway
