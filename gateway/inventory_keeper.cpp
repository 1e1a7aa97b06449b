#include "gateway/inventory_keeper.h"

#include "gateway/crl_archive.h"
#include "gateway/rules/device_records.h"
#include "gateway/wall_clock.h"
#include "pki/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
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
    if (table.empty() || !has_lock(table) || !has_restored(table)) return false;
    if (!std::exchange(not_kept_, "").empty())
        log_.event(Log::Level::info, "state", {{"result", "kept"}, {"file", table.string()}});
    return true;
}

bool InventoryKeeper::has_lock(const fs::path& table) {
    if (lock_ && locked_ == table) return true;
    lock_.reset();  // of the folder that was configured before
    if (auto prepared = CrlArchive(table.parent_path()).prepare(); !prepared)
        return not_kept(Log::Level::error, prepared.error().message);
    const fs::path file = table.string() + ".lock";
    pki::Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
    if (lock.get() < 0) return not_kept(Log::Level::error, failure(file, "cannot open"));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return not_kept(Log::Level::error, failure(file, "cannot lock"));
        return not_kept(Log::Level::warning,
                        file.string() +
                            ": another gateway keeps its table of devices here: give each gateway "
                            "a state folder of its own; this one takes over when that one ends");
    }
    lock_.emplace(std::move(lock));
    locked_ = table;
    written_changes_ = 0;
    return true;
}

bool InventoryKeeper::has_restored(const fs::path& table) {
    if (is_restored_) return true;
    std::error_code error;
    is_restored_ = fs::symlink_status(table, error).type() == fs::file_type::not_found;
    if (is_restored_) return true;
    pki::remove_unfinished(table);
    const auto bytes = pki::read_file(table, file_bytes_at_most_);
    if (!bytes && !is_no_table(table, file_bytes_at_most_)) {
        return not_kept(Log::Level::error, bytes.error().message +
                                               "; it stays as it is, and is tried again: until then what is "
                                               "known of devices is not kept");
    }
    // Whatever comes of it: counts that are taken over twice would be too high.
    is_restored_ = true;
    if (bytes) {
        take_over(*bytes, table);
    } else {
        set_aside(table, bytes.error().message);
    }
    return true;
}

void InventoryKeeper::take_over(const std::string& bytes, const fs::path& table) {
    const auto now = now_seconds();
    const std::size_t capacity = snapshots_.current()->settings.limits.known_devices;
    const auto read =
        read_device_records(bytes, {.known =
                                        [&](const KnownDevice& known) {
                                            if (known.last_seen + memory >= now)
                                                inventory_.restore(known, capacity);
                                        },
                                    .daily = [&](const DailyBytes& use) { limiter_.restore(use, now); }});
    if (!read) return set_aside(table, table.string() + ": " + read.error().message);
    handled_bytes_ = bytes.size();
    log_.event(Log::Level::info, "state",
               {{"result", "restored"}, {"devices", inventory_.size()}, {"file", table.string()}});
}

/// Never over what was set aside earlier: somebody may want to know what happened to it.
void InventoryKeeper::set_aside(const fs::path& file, const std::string& why) {
    fs::path aside;
    for (int i = 1; i <= most_set_aside; ++i) {
        aside = file.string() + ".unusable-" + std::to_string(i);
        std::error_code error;
        if (!fs::exists(fs::symlink_status(aside, error))) break;
    }
    std::error_code error;
    fs::rename(file, aside, error);
    log_.event(Log::Level::error, "state",
               {{"result", "set_aside"},
                {"detail", why + "; the table of devices begins empty" +
                               (error ? "; it could not be renamed: " + error.message() : "")},
                {"file", aside.string()}});
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
