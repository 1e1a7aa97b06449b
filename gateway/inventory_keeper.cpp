#include "gateway/inventory_keeper.h"

#include "gateway/crl_archive.h"
#include "gateway/rules/device_records.h"
#include "gateway/wall_clock.h"
#include "pki/file.h"
#include "pki/file_status.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page_rows = 1'000;
constexpr int most_set_aside = 100;  // a name for each; then the last one is replaced

std::string failure(const fs::path& path, std::string_view doing) {
    return path.string() + ": " + std::string(doing) + ": " + std::strerror(errno);
}

/// Of what could not be read: whether that is for good, because no table is like that.
bool is_no_table(const fs::path& path, std::size_t most_bytes) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (error) return false;
    if (!fs::is_regular_file(status)) return true;
    const auto size = fs::file_size(path, error);
    return !error && size > most_bytes;
}

fs::path lock_of(const fs::path& table) {
    return table.string() + ".lock";
}

/// Negative: errno says why it cannot be made.
pki::Descriptor open_lock(const fs::path& file) {
    constexpr int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    pki::Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | flags, 0600));
    if (lock.get() >= 0) return lock;
    const int why_not = errno;
    // One that may only be read can be locked, too: of another user, or where nothing can be written.
    pki::Descriptor readable(::open(file.c_str(), O_RDONLY | flags));
    errno = why_not;
    return readable;
}

bool is_still_at(const pki::Descriptor& lock, const fs::path& file) {
    const auto held = pki::status_of(lock.get());
    const auto named = pki::status_of(file);
    return held && named && held->device == named->device && held->inode == named->inode;
}

/// Of tables: each is written once, whole.
bool is_same(const pki::FileStatus& one, const pki::FileStatus& other) {
    const auto identity = [](const pki::FileStatus& of) {
        return std::tie(of.device, of.inode, of.size, of.modified_seconds, of.modified_nanoseconds);
    };
    return identity(one) == identity(other);
}

bool is_absent(int error) {
    return error == ENOENT || error == ENOTDIR;
}

}  // namespace

fs::path InventoryKeeper::file() const {
    const auto state = snapshots_.current()->settings.state;
    return state.empty() ? state : state / "devices";
}

std::chrono::seconds InventoryKeeper::pause() const {
    return std::max(interval, std::chrono::seconds(handled_bytes_ / bytes_per_second));
}

void InventoryKeeper::restore() {
    keeps(file());
}

bool InventoryKeeper::keeps(const fs::path& table) {
    if (table.empty()) return false;
    if (!has_lock(table)) {
        const Locking locking = take_lock(table);
        if (locking.holder == Holder::another) return not_kept(Log::Level::warning, locking.why_not);
        if (locking.holder == Holder::unknown) {
            // To read harms nobody; without it a restart would give each device its day's bytes again.
            std::string unread = restore_from(table);
            if (unread.empty()) unread = unusable_;
            return not_kept(Log::Level::error, locking.why_not + (unread.empty() ? "" : "; " + unread) +
                                                   "; the table of devices is not written");
        }
    }
    if (const std::string unread = restore_from(table); !unread.empty()) {
        return not_kept(Log::Level::error, unread +
                                               "; it stays as it is, and is tried again: until then "
                                               "what is known of devices is not kept");
    }
    is_restored_ = true;  // where there is none, too: what comes later is no earlier table of this process
    if (!may_replace(table)) return false;
    if (!std::exchange(not_kept_, "").empty())
        log_.event(Log::Level::info, "state", {{"result", "kept"}, {"file", table.string()}});
    return true;
}

/// One that was removed or replaced keeps nobody out.
bool InventoryKeeper::has_lock(const fs::path& table) const {
    return lock_ && locked_ == table && is_still_at(*lock_, lock_of(table));
}

InventoryKeeper::Locking InventoryKeeper::take_lock(const fs::path& table) {
    lock_.reset();
    may_replace_ = false;
    const auto prepared = CrlArchive(table.parent_path()).prepare();
    const fs::path file = lock_of(table);
    pki::Descriptor lock = open_lock(file);
    if (lock.get() < 0) {
        const std::string why_not = failure(file, "cannot open");
        return {Holder::unknown, prepared ? why_not : prepared.error().message};
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return {Holder::unknown, failure(file, "cannot lock")};
        return {Holder::another, file.string() +
                                     ": another gateway keeps its table of devices here: give each gateway "
                                     "a state folder of its own; this one takes over when that one ends"};
    }
    if (!is_still_at(lock, file))
        return {Holder::another, file.string() + ": was replaced while it was locked; it is tried again"};
    lock_.emplace(std::move(lock));
    if (std::exchange(locked_, table) != table) unusable_.clear();  // what it says is of another one
    written_changes_ = 0;
    pki::remove_unfinished(table);
    return {Holder::this_process, ""};
}

std::string InventoryKeeper::restore_from(const fs::path& table) {
    if (is_restored_) return "";
    // Before it is read: if it is replaced meanwhile, it will not be taken for what was read.
    const auto status = pki::status_of(table);
    if (!status && is_absent(errno)) return "";
    const auto bytes = pki::read_file(table, file_bytes_at_most_);
    if (!bytes && !is_no_table(table, file_bytes_at_most_)) return bytes.error().message;
    // Whatever comes of it: counts that are taken over twice would be too high.
    is_restored_ = true;
    if (!bytes) {
        unusable_ = bytes.error().message;
    } else if (auto taken = take_over(*bytes, table); !taken) {
        unusable_ = taken.error().message;
    } else {
        own_ = status;
    }
    return "";
}

pki::Result<void> InventoryKeeper::take_over(const std::string& bytes, const fs::path& table) {
    const auto now = now_seconds();
    const std::size_t capacity = snapshots_.current()->settings.limits.known_devices;
    auto read =
        read_device_records(bytes, {.known =
                                        [&](const KnownDevice& known) {
                                            if (known.last_seen + memory >= now)
                                                inventory_.restore(known, capacity);
                                        },
                                    .daily = [&](const DailyBytes& use) { limiter_.restore(use, now); }});
    handled_bytes_ = bytes.size();
    if (!read) return pki::Error{read.error().fault, table.string() + ": " + read.error().message};
    log_.event(Log::Level::info, "state",
               {{"result", "restored"}, {"devices", inventory_.size()}, {"file", table.string()}});
    return {};
}

bool InventoryKeeper::may_replace(const fs::path& table) {
    if (may_replace_) return true;
    const auto status = pki::status_of(table);
    const bool is_safe = status ? own_ && is_same(*status, *own_) : is_absent(errno);
    may_replace_ = is_safe || set_aside(table);
    return may_replace_;
}

/// Never over what was set aside earlier: somebody may want to know what happened to it.
bool InventoryKeeper::set_aside(const fs::path& table) {
    const bool is_unusable = !unusable_.empty();
    fs::path aside;
    for (int i = 1; i <= most_set_aside; ++i) {
        aside = table.string() + (is_unusable ? ".unusable-" : ".other-") + std::to_string(i);
        std::error_code error;
        if (!fs::exists(fs::symlink_status(aside, error))) break;
    }
    const std::string why = is_unusable
                                ? unusable_ + "; the table of devices begins empty"
                                : table.string() +
                                      ": another table than the one that this gateway read or wrote last; "
                                      "what it says is not added to what is known of devices";
    std::error_code error;
    fs::rename(table, aside, error);
    if (error) {
        return not_kept(Log::Level::error, why + "; it cannot be renamed: " + error.message() +
                                               ": until it can, what is known of devices is not kept");
    }
    unusable_.clear();
    log_.event(Log::Level::error, "state",
               {{"result", "set_aside"}, {"detail", why}, {"file", aside.string()}});
    return true;
}

void InventoryKeeper::start() {
    thread_ = std::thread([this] { run(); });
}

void InventoryKeeper::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void InventoryKeeper::run() {
    ::pthread_setname_np(::pthread_self(), "devices");
    for (bool last = false; !last;) {
        {
            std::unique_lock lock(mutex_);
            last = changed_.wait_for(lock, pause(), [this] { return stopping_; });
        }
        try {
            const fs::path table = file();
            if (keeps(table)) write_if_changed(table);
        } catch (const std::exception& problem) {  // no memory: the next time, perhaps
            report_failed(problem.what());
        }
    }
}

void InventoryKeeper::write_if_changed(const fs::path& table) {
    const std::uint64_t changes = inventory_.changes();
    if (changes == written_changes_) return;
    DeviceRecordWriter writer;
    std::string after;
    for (;;) {
        const auto page = inventory_.page(after, page_rows);
        if (page.empty()) break;
        for (const KnownDevice& known : page)
            writer.add(known);
        handled_bytes_ = writer.bytes();
        if (handled_bytes_ > file_bytes_at_most_) break;
        after = page.back().device;
    }
    for (const DailyBytes& use : limiter_.used_today(now_seconds()))
        writer.add(use);
    const std::string bytes = writer.finish();
    handled_bytes_ = bytes.size();
    if (bytes.size() > file_bytes_at_most_) {
        return report_failed(table.string() + ": the table of devices has outgrown " +
                             std::to_string(file_bytes_at_most_) + " bytes: lower limits.known_devices");
    }
    if (auto prepared = CrlArchive(table.parent_path()).prepare(); !prepared)
        return report_failed(prepared.error().message);
    if (auto written = pki::replace_file(table, bytes, 0600); !written)
        return report_failed(written.error().message);
    own_ = pki::status_of(table);
    written_changes_ = changes;
    last_failure_.clear();
}

bool InventoryKeeper::not_kept(Log::Level level, const std::string& detail) {
    if (std::exchange(not_kept_, detail) != detail)  // else said already
        log_.event(level, "state", {{"result", "not_kept"}, {"detail", detail}});
    return false;
}

void InventoryKeeper::report_failed(const std::string& detail) {
    if (detail == last_failure_) return;  // said already
    last_failure_ = detail;
    log_.event(Log::Level::error, "state", {{"result", "failed"}, {"detail", detail}});
}

}  // namespace sallyport::gateway
