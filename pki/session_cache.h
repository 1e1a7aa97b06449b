#pragma once

#include "pki/openssl.h"

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::pki {

using SessionPtr = std::unique_ptr<SSL_SESSION, Releaser<&SSL_SESSION_free>>;

/// TLS sessions by their id, the least recently used forgotten first. OpenSSL's own cache cannot be asked
/// before it resumes; this one can. Thread-safe.
class SessionCache {
  public:
    explicit SessionCache(std::size_t capacity) : capacity_(capacity) {}

    void put(std::string id, SessionPtr session);
    /// Null when unknown. The caller owns the reference.
    SessionPtr get(std::string_view id);
    void remove(std::string_view id);

  private:
    struct Entry {
        std::string id;
        SessionPtr session;
    };
    using Entries = std::list<Entry>;  // most recently used first

    std::size_t capacity_;
    std::mutex mutex_;
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator> by_id_;  // keys point into entries_
};

}  // namespace sallyport::pki
