#include "pki/session_cache.h"

namespace sallyport::pki {

void SessionCache::put(std::string id, SessionPtr session) {
    Entries dropped;  // freed after the lock is released
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(id); found != by_id_.end()) {
        const auto entry = found->second;
        by_id_.erase(found);
        dropped.splice(dropped.end(), entries_, entry);
    }
    entries_.push_front({std::move(id), std::move(session)});
    by_id_.emplace(entries_.front().id, entries_.begin());
    while (entries_.size() > capacity_) {
        by_id_.erase(entries_.back().id);
        dropped.splice(dropped.end(), entries_, std::prev(entries_.end()));
    }
}

SessionPtr SessionCache::get(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    SSL_SESSION* session = found->second->session.get();
    SSL_SESSION_up_ref(session);
    return SessionPtr(session);
}

void SessionCache::remove(std::string_view id) {
    Entries dropped;
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    const auto entry = found->second;
    by_id_.erase(found);
    dropped.splice(dropped.end(), entries_, entry);
}

}  // namespace sallyport::pki
