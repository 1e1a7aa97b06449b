#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sallyport::gateway {

/// Texts that many rows share (a listener, a cipher, why something was refused): each stands here once, for
/// as long as somebody refers to it. Bounded: when there is no room for another text, it is forgotten. Not
/// thread-safe.
class TextPool {
  public:
    /// 0 stands for the empty text.
    using Number = std::uint32_t;

    explicit TextPool(std::size_t max_bytes, std::size_t longest)
        : max_bytes_(max_bytes), longest_(longest) {}
    TextPool(const TextPool&) = delete;
    TextPool& operator=(const TextPool&) = delete;

    /// Makes `reference` refer to `text`, cut to the longest that is kept, instead of what it did.
    void assign(Number& reference, std::string_view text) {
        text = text.substr(0, longest_);
        if (this->text(reference) == text) return;
        release(reference);
        reference = acquire(text);
    }

    std::string_view text(Number number) const {
        return number == 0 ? std::string_view() : std::string_view(slots_[number - 1].text);
    }

    std::size_t bytes() const { return bytes_; }

  private:
    struct Slot {
        std::string text;
        std::uint32_t references = 0;
    };
    /// About what its slot and its place in the table take.
    static constexpr std::size_t bytes_beside = sizeof(Slot) + 80;

    Number acquire(std::string_view text) {
        if (text.empty()) return 0;
        const auto found = numbers_.find(text);
        if (found != numbers_.end()) {
            ++slots_[found->second - 1].references;
            return found->second;
        }
        if (bytes_ + text.size() + bytes_beside > max_bytes_) return 0;
        if (free_.empty()) {
            slots_.emplace_back();
            free_.push_back(static_cast<Number>(slots_.size()));
        }
        const Number number = free_.back();
        free_.pop_back();
        Slot& slot = slots_[number - 1];
        slot.text = text;
        slot.references = 1;
        numbers_.emplace(slot.text, number);
        bytes_ += text.size() + bytes_beside;
        return number;
    }

    void release(Number number) {
        if (number == 0) return;
        Slot& slot = slots_[number - 1];
        if (--slot.references > 0) return;
        bytes_ -= slot.text.size() + bytes_beside;
        numbers_.erase(slot.text);
        std::string().swap(slot.text);
        free_.push_back(number);
    }

    std::size_t max_bytes_;
    std::size_t longest_;
    std::size_t bytes_ = 0;
    std::deque<Slot> slots_;  ///< never moved: `numbers_` looks into them
    std::vector<Number> free_;
    std::unordered_map<std::string_view, Number> numbers_;
};

}  // namespace sallyport::gateway
