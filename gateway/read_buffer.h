#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace sallyport::gateway {

/// Bytes that were read and not used yet, in memory that exists only while there are some. Its addresses are
/// stable from the first byte of a head until `make_room` or `release`.
class ReadBuffer {
  public:
    explicit ReadBuffer(std::size_t capacity) : capacity_(capacity) {}

    std::span<const char> unread() const { return {memory_.get() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    void consume(std::size_t bytes) { begin_ += bytes; }

    /// Where to read to; moves what is unread to the front. Empty when the buffer is full.
    std::span<char> make_room() {
        if (!memory_) memory_ = std::make_unique_for_overwrite<char[]>(capacity_);
        if (begin_ > 0) {
            std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        return {memory_.get() + end_, capacity_ - end_};
    }
    void filled(std::size_t bytes) { end_ += bytes; }

    /// Puts bytes back that belong to the next request; false when they do not fit.
    bool put_back(std::string_view bytes) {
        const auto room = make_room();
        if (bytes.size() > room.size()) return false;
        std::copy(bytes.begin(), bytes.end(), room.begin());
        filled(bytes.size());
        return true;
    }

    /// Gives the memory back; only when empty.
    void release() {
        begin_ = end_ = 0;
        memory_.reset();
    }

  private:
    std::size_t capacity_;
    std::unique_ptr<char[]> memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace sallyport::gateway
