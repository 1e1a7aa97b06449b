#include "firmware-client/log_uploads.h"

#include <system_error>
#include <utility>

namespace sallyport::device {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Files that are listed at once; a fuller card is listed again when these are done.
constexpr std::size_t scan_limit = 10'000;

/// How long a file that made trouble is left alone.
constexpr std::chrono::minutes rest{10};
/// The same for one that is forbidden: at most as long as the device waits in any case.
constexpr std::chrono::minutes forbidden_rest{4};
constexpr std::size_t most_remembered = 1'000;

}  // namespace

Result<bool> LogUploads::put_next() {
    if (next_ == queue_.files.size()) {
        const auto more = refill();
        if (!more || !*more) return more;
    }
    const LogFile& file = queue_.files[next_];
    if (is_put_off(file) || !is_present(file.path)) {  // a full card deletes its oldest files
        ++next_;
        return true;
    }
    const auto done = put(file);
    if (!done && done.error().fault == Fault::card) {
        put_off(file, rest);  // the others must not wait for it
        report_.trouble(done.error());
    } else if (!done && done.error().kind() == Trouble::policy) {
        put_off(file, forbidden_rest);
        ++next_;
        return done.error();
    } else if (!done) {
        return done.error();
    }
    ++next_;
    return true;
}

/// Lists the card anew. False: nothing that could be put now.
Result<bool> LogUploads::refill() {
    auto queue = scan_log_files(device_.card, device_.id, scan_limit);
    if (!queue) return queue.error();
    queue_ = std::move(*queue);
    next_ = 0;
    uploaded_ = 0;
    for (const LogFile& file : queue_.files) {
        if (!is_put_off(file)) return true;
    }
    queue_ = {};
    return false;
}

Result<void> LogUploads::put(const LogFile& file) {
    auto body = FileBody::open(file.path, buffer_);
    if (!body) {
        if (!is_present(file.path)) return {};  // deleted since we looked
        return body.error();
    }
    const auto stored = stored_.find(file.path.string());
    if (stored == stored_.end() || stored->second != body->stamp()) {
        if (auto sent = upload(file, *body); !sent) return sent;
    }
    return remove(file, *body);
}

Result<void> LogUploads::upload(const LogFile& file, FileBody& body) {
    const std::string key = file.object_key(device_.id, puts_.now().time_since_epoch().count());
    UploadProgress state{file.path.filename().string(), uploaded_ + 1, queue_.count, 0, body.size(), 0};
    const auto start = SteadyClock::now();
    const auto sent = puts_.put(key, body, body.modified(), [&](std::uint64_t bytes) {
        const std::chrono::duration<double> time = SteadyClock::now() - start;
        state.bytes = bytes;
        state.bytes_per_second = time.count() > 0 ? static_cast<double>(bytes) / time.count() : 0;
        report_.progress(state);
    });
    if (sent) ++uploaded_;
    return sent;
}

/// Of a file that the store has.
Result<void> LogUploads::remove(const LogFile& file, const FileBody& body) {
    const std::string name = file.path.string();
    stored_.erase(name);
    if (!is_present(file.path)) return {};  // deleted while it was on its way: the store has it all the same
    if (!body.unchanged()) {
        return Error{Fault::card, name + ": changed while it was uploaded; it stays on the card"};
    }
    std::error_code failure;
    remove_(file.path, failure);
    if (!failure) return {};
    if (stored_.size() >= most_remembered) stored_.clear();
    stored_.emplace(name, body.stamp());
    return Error{Fault::card, name + ": uploaded, but cannot be deleted: " + failure.message()};
}

bool LogUploads::is_put_off(const LogFile& file) {
    const auto found = put_off_.find(file.path.string());
    if (found == put_off_.end()) return false;
    const auto past = puts_.now() - found->second.begin;
    if (past >= std::chrono::seconds{0} && past < found->second.time)
        return true;  // else over, or a new clock
    put_off_.erase(found);
    return false;
}

void LogUploads::put_off(const LogFile& file, std::chrono::seconds time) {
    if (put_off_.size() >= most_remembered) put_off_.clear();
    put_off_[file.path.string()] = {puts_.now(), time};
}

}  // namespace sallyport::device
