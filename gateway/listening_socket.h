#pragma once

#include "gateway/listener_settings.h"

#include <utility>

namespace sallyport::gateway {

/// Owns one listening socket.
class ListeningSocket {
  public:
    /// Throws std::runtime_error when it cannot listen.
    explicit ListeningSocket(const ListenerSettings& settings);
    ListeningSocket(ListeningSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket() { close(); }

    int descriptor() const { return descriptor_; }
    void close();

  private:
    int descriptor_ = -1;
};

}  // namespace sallyport::gateway
