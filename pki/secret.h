#pragma once

#include <string>
#include <string_view>

namespace sallyport::pki {

/// A passphrase or PIN. It is wiped when it goes, cannot be copied and has no way into a stream or a log.
class Secret {
  public:
    Secret() = default;
    /// Takes the text over: what it was in is wiped.
    explicit Secret(std::string&& text);

    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    /// For the library that needs it, and for nothing else. A NUL stands behind the last character.
    std::string_view reveal() const noexcept { return text_; }

  private:
    std::string text_;
};

}  // namespace sallyport::pki
