#pragma once

#include "gateway/inherited_sockets.h"
#include "gateway/listener_settings.h"

#include <utility>

namespace sallyport::gateway {

/// Owns one listening socket.
class ListeningSocket {
  public:
    /// The inherited socket of this address, or one of its own. Throws std::runtime_error when it cannot
    /// listen.
    ListeningSocket(const ListenerSettings& settings, InheritedSockets& inherited);
    ListeningSocket(ListeningSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket() { close(); }

    int descriptor() const { return descriptor_; }
    void close();

  private:
    int descriptor_ = -1;
};

}  // namespace sallyport::gateway
