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
constexpr std::size_t most_put_off = 1'000;

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
        put_off(file, done.error());  // the others must not wait for it
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
    auto body = FileBody::open(file.path);
    if (!body) {
        if (!is_present(file.path)) return {};  // deleted since we looked
        return body.error();
    }
    const std::string key = file.object_key(device_.id, puts_.now().time_since_epoch().count());
    UploadProgress state{file.path.filename().string(), uploaded_ + 1, queue_.count, 0, body->size(), 0};
    const auto start = SteadyClock::now();
    const auto sent = puts_.put(key, *body, body->modified(), [&](std::uint64_t bytes) {
        const std::chrono::duration<double> time = SteadyClock::now() - start;
        state.bytes = bytes;
        state.bytes_per_second = time.count() > 0 ? static_cast<double>(bytes) / time.count() : 0;
        report_.progress(state);
    });
    if (!sent) return sent.error();
    ++uploaded_;
    if (!is_present(file.path)) return {};  // deleted while it was on its way: the store has it all the same
    if (!body->unchanged()) {
        return Error{Fault::card,
                     file.path.string() + ": changed while it was uploaded; it stays on the card"};
    }
    std::error_code failure;
    std::filesystem::remove(file.path, failure);
    if (failure) {
        return Error{Fault::card,
                     file.path.string() + ": uploaded, but cannot be deleted: " + failure.message()};
    }
    return {};
}

bool LogUploads::is_put_off(const LogFile& file) {
    const auto found = put_off_until_.find(file.path.string());
    if (found == put_off_until_.end()) return false;
    if (puts_.now() < found->second) return true;
    put_off_until_.erase(found);
    return false;
}

void LogUploads::put_off(const LogFile& file, const Error& why) {
    if (put_off_until_.size() >= most_put_off) put_off_until_.clear();
    put_off_until_[file.path.string()] = puts_.now() + rest;
    report_.trouble(why);
}

}  // namespace sallyport::device
