#pragma once

#include "firmware-client/device.h"
#include "firmware-client/store_client.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::device {

/// What became of an object that the device looks at again and again.
struct WatchedObject {
    enum class State {
        absent,     ///< the store has none
        unchanged,  ///< it is what the device has, or was judged before and found good
        changed,    ///< another one
    } state;
    ObjectInfo info = {};
};

/// The device's objects in the bucket that others write. It remembers by their ETag which ones it has judged,
/// so that none is fetched twice and a bad one stays what it is, a fault, until somebody replaces it.
class ObjectWatch {
  public:
    /// Both must outlive this.
    ObjectWatch(Device& device, StoreClient& store) : device_(device), store_(store) {}

    /// HEAD of `<ID>/<name>`. `own_md5`: that of the device's own copy in lower-case hexadecimal; empty when
    /// there is none. Errors: configuration with `update_refused` for one that was refused before.
    Result<WatchedObject> look(const std::string& name, std::string_view own_md5);

    struct Fetched {
        WatchedObject::State state;
        std::string etag = {};
        std::string bytes = {};
    };
    /// The same, and GET of one that changed, of at most `limit` bytes. `own`: the device's copy. One with
    /// the same bytes is unchanged.
    Result<Fetched> fetch_changed(const std::string& name, std::string_view own, std::size_t limit);

    /// The device has it, or needs it no more than what it has.
    void accept(const std::string& name, const std::string& etag) { judge(name, etag, {}); }

    /// The device will not have it. Returns the error to report.
    Error refuse(const std::string& name, const std::string& etag, const std::string& why);

    std::string key(const std::string& name) const { return device_.id + '/' + name; }

  private:
    void judge(const std::string& name, const std::string& etag, const std::string& fault);

    Device& device_;
    StoreClient& store_;
};

/// In lower-case hexadecimal.
std::string md5_text(std::string_view bytes);

}  // namespace sallyport::device
